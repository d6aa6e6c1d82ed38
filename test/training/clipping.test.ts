import { describe, expect, it } from 'vitest';
import { clipScale, clipValues, globalNorm } from '../../src/training/clipping.ts';

describe('clipping by norm', () => {
  it('measures all gradients together', () => {
    const gradients = new Map([
      ['a', Float32Array.of(-3)],
      ['b', Float32Array.of(0, 4)],
    ]);
    expect(globalNorm(gradients)).toBe(5);
    expect(globalNorm(new Map())).toBe(0);
  });

  it('does not overflow, and says when a gradient is no number', () => {
    expect(globalNorm(new Map([['a', Float32Array.of(1e30, 1e30)]]))).toBeCloseTo(Math.SQRT2 * 1e30, -25);
    expect(globalNorm(new Map([['a', Float32Array.of(1, Number.NaN)]]))).toBeNaN();
    expect(globalNorm(new Map([['a', Float32Array.of(Number.NEGATIVE_INFINITY)]]))).toBe(Infinity);
  });

  it('scales down to the limit, never up', () => {
    expect(clipScale(5, 2)).toBeCloseTo(0.4);
    expect(clipScale(5, 5)).toBe(1);
    expect(clipScale(5, 10)).toBe(1);
    expect(clipScale(0, 10)).toBe(1);
  });

  it('knows 0 as no limit', () => {
    expect(clipScale(1e9, 0)).toBe(1);
  });
});

it('clipping by value brings every gradient between the limits, in place', () => {
  const gradients = new Map([
    ['a', Float32Array.of(-7, -0.5, 0)],
    ['b', Float32Array.of(0.25, 0.5, 0.75)],
  ]);
  clipValues(gradients, 0.5);
  expect([...gradients.values()].map((g) => [...g])).toEqual([
    [-0.5, -0.5, 0],
    [0.25, 0.5, 0.5],
  ]);
});
