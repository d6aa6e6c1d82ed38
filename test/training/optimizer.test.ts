import { describe, expect, it } from 'vitest';
import { adamInit, adamUpdate, averageUpdate, clipScale, globalNorm } from '../../src/training/optimizer.ts';

describe('Adam', () => {
  it('takes the steps of algorithm 1, worked out in float64', () => {
    const gradients = [
      [0.5, -2],
      [0.1, 3],
      [-0.3, 0.01],
    ];
    const expected = [1, -1];
    const m = [0, 0];
    const v = [0, 0];
    gradients.forEach((g, step) => {
      for (let i = 0; i < 2; i++) {
        m[i] = 0.9 * m[i] + 0.1 * g[i];
        v[i] = 0.999 * v[i] + 0.001 * g[i] ** 2;
        const mHat = m[i] / (1 - 0.9 ** (step + 1));
        const vHat = v[i] / (1 - 0.999 ** (step + 1));
        expected[i] -= (0.01 * mHat) / (Math.sqrt(vHat) + 1e-8);
      }
    });
    const weights = new Map([['w', Float32Array.of(1, -1)]]);
    const state = adamInit(weights);
    for (const g of gradients) adamUpdate(weights, new Map([['w', Float32Array.from(g)]]), state, 0.01);
    expect(weights.get('w')![0]).toBeCloseTo(expected[0], 6);
    expect(weights.get('w')![1]).toBeCloseTo(expected[1], 6);
    expect(state.step).toBe(3);
  });

  it('scales gradients on the way', () => {
    const run = (g: number, scale: number) => {
      const weights = new Map([['w', Float32Array.of(1)]]);
      const state = adamInit(weights);
      adamUpdate(weights, new Map([['w', Float32Array.of(g)]]), state, 0.01, scale);
      return [state.m.get('w')![0], state.v.get('w')![0]];
    };
    expect(run(4, 0.25)).toEqual(run(1, 1));
  });
});

describe('averageUpdate', () => {
  it('follows the weights quickly at first and by the decay later', () => {
    const weights = new Map([['w', Float32Array.of(10)]]);
    const average = new Map([['w', Float32Array.of(0)]]);
    averageUpdate(average, weights, 0.99, 1);
    expect(average.get('w')![0]).toBeCloseTo(10 * (1 - 2 / 11));
    average.get('w')![0] = 0;
    averageUpdate(average, weights, 0.99, 10_000);
    expect(average.get('w')![0]).toBeCloseTo(10 * 0.01);
  });
});

describe('clipping', () => {
  const gradients = new Map([
    ['a', Float32Array.of(3)],
    ['b', Float32Array.of(0, 4)],
  ]);

  it('measures all gradients together', () => {
    expect(globalNorm(gradients)).toBeCloseTo(5);
  });

  it('scales down to the limit, never up', () => {
    expect(clipScale(5, 2)).toBeCloseTo(0.4);
    expect(clipScale(5, 10)).toBe(1);
  });
});
