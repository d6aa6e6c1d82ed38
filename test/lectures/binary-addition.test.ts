import { describe, expect, test } from 'vitest';
import { learnAddition } from '../../scripts/lectures/binary-addition.ts';

describe('binary-addition', () => {
  const options = { bits: 8, testBits: 24, hiddenSize: 8, steps: 700, seed: 1 };

  test('learns from 8-bit numbers to add 24-bit ones without error, by carrying', async () => {
    const { right, of, agreement, first } = await learnAddition(options);
    expect(right).toBe(of);
    expect(of).toBe(1000);
    expect(agreement).toBeGreaterThan(0.95);
    const [a, b, sum] = [first.a, first.b, first.sum].map((bits) => Number.parseInt(bits, 2));
    expect(a + b).toBe(sum);
    expect(a).toBeGreaterThan(2 ** 8);
  });

  test('counts a sum as wrong that has one wrong bit: a net that has hardly learnt gets none right', async () => {
    expect((await learnAddition({ ...options, steps: 20 })).right).toBe(0);
  });
});
