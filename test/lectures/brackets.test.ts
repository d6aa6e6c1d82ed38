import { describe, expect, test } from 'vitest';
import { learnBrackets } from '../../scripts/lectures/brackets.ts';
import { balanced, depths, isBalanced, unbalanced } from '../../scripts/lectures/parts/bracket-strings.ts';
import { Random } from '../../src/random.ts';

describe('brackets', () => {
  test('tells strings twice as long as any it learnt from, with a cell that counts', async () => {
    const options = { pairs: 10, hiddenSize: 8, noise: 1, steps: 600, seed: 3 };
    const [, longer] = await learnBrackets(options);
    expect([longer.least, longer.most]).toEqual([11, 20]);
    expect(longer.right).toBeGreaterThanOrEqual(0.99);
    expect(Math.abs(longer.cell.correlation)).toBeGreaterThan(0.99);
    // The picture's string is new, and the cell's value, scaled, is its depth.
    expect(longer.string.length).toBeGreaterThan(20);
    expect(isBalanced(longer.string)).toBe(true);
    depths(longer.string).forEach((depth, t) => {
      expect(Math.abs(longer.values[t] - depth)).toBeLessThan(1);
    });
  });

  test('has strings of both kinds, of the length asked for', () => {
    const random = new Random(1);
    for (let pairs = 1; pairs <= 40; pairs++) {
      const right = balanced(random, pairs);
      expect(right.replaceAll(')', '')).toHaveLength(pairs);
      let rest = right;
      while (rest.includes('()')) rest = rest.replaceAll('()', '');
      expect(rest).toBe('');

      let wrong = unbalanced(random, pairs);
      expect(wrong).toHaveLength(2 * pairs);
      while (wrong.includes('()')) wrong = wrong.replaceAll('()', '');
      expect(wrong).not.toBe('');
    }
  });
});
