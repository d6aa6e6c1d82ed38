import { describe, expect, test } from 'vitest';
import { clipped, gradientFlow } from '../../scripts/lectures/gradient-flow.ts';
import type { Cell } from '../../src/decoder/cells/cell.ts';
import { lstm } from '../../src/decoder/cells/lstm.ts';
import { rnn } from '../../src/decoder/cells/rnn.ts';
import { add, matmul } from '../../src/graph/ops.ts';

describe('gradient-flow', () => {
  const [T, seed] = [50, 1];
  const vanilla = (s: number) => gradientFlow(rnn, { s, bias: [0], T, seed });
  const gated = (forget: number, s = 0.8) => gradientFlow(lstm, { s, bias: [0, forget, 0, 0], T, seed });

  test('measures the gradient: without tanh, it is s^t exactly', async () => {
    const linear: Cell = { ...rnn, step: (a, { h }, { Wh }) => ({ h: add(matmul(h, Wh), a) }) };
    const { states } = await gradientFlow(linear, { s: 0.8, bias: [0], T, seed });
    expect(states).toHaveLength(T + 1);
    states.forEach((norm, t) => {
      expect(norm / 0.8 ** t).toBeCloseTo(1, 4);
    });
  });

  test('vanishes as s^t or faster where the largest singular value is below 1', async () => {
    const { states } = await vanilla(0.8);
    states.forEach((norm, t) => {
      expect(norm).toBeLessThanOrEqual(0.8 ** t * 1.0001);
    });
    expect(states[T]).toBeLessThan(1e-6);
  });

  test('explodes above 1; clipping bounds the weights gradient and leaves the slope as it is', async () => {
    const exploding = await vanilla(2);
    expect(exploding.states[T]).toBeGreaterThan(1000);
    const bounded = clipped(exploding, 5);
    expect(bounded.weights).toBeCloseTo(5, 6);
    expect(bounded.states[T] / bounded.states[0]).toBeCloseTo(exploding.states[T], -1);
    expect(clipped({ states: [1], weights: 4 }, 5)).toEqual({ states: [1], weights: 4 });
  });

  test('passes through an LSTM whose forget gate is open, and not through one half open', async () => {
    const { states } = await gated(5);
    expect(states[0]).toBeCloseTo(1, 5);
    for (const norm of states) expect(norm).toBeGreaterThan(0.9);
    expect((await gated(0)).states[T]).toBeLessThan(1e-7);
  });

  test('is multiplied by the forget gate alone without the matrices, which are why it grows', async () => {
    const f = 1 / (1 + Math.exp(-5));
    (await gated(5, 0)).states.forEach((norm, t) => {
      expect(norm / f ** t).toBeCloseTo(1, 1);
    });
    expect((await gated(5)).states[T]).toBeGreaterThan(10);
  });
});
