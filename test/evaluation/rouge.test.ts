import { describe, expect, it } from 'vitest';
import { rougeL } from '../../src/evaluation/rouge.ts';

const score = (candidate: string, ...references: string[]) =>
  rougeL(
    candidate.split(' '),
    references.map((reference) => reference.split(' ')),
  );

describe('rougeL', () => {
  it('is 1 for a perfect match and 0 for nothing in common', () => {
    expect(score('a dog runs', 'a dog runs')).toBeCloseTo(1, 12);
    expect(score('a dog runs', 'two cats sleep')).toBe(0);
  });

  it('measures the longest common subsequence, gaps allowed', () => {
    // a _ c d of a c d e: precision = recall = 3/4.
    expect(score('a b c d', 'a c d e')).toBeCloseTo(3 / 4, 12);
    // Order matters: only one of the two words can be kept.
    expect(score('b a', 'a b')).toBeCloseTo(1 / 2, 12);
  });

  it('weighs recall by beta = 1.2', () => {
    // Precision 1, recall 1/2.
    expect(score('a b', 'a b c d')).toBeCloseTo((2.44 * 0.5) / (0.5 + 1.44), 12);
  });

  it('takes the best precision and the best recall from different references', () => {
    // Precision 3/4 from the long one, recall 1 from the short one.
    expect(score('a b c d', 'a b', 'a b c s t u v w')).toBeCloseTo((2.44 * 0.75) / (1 + 1.44 * 0.75), 12);
  });

  it('is 0 for an empty caption', () => {
    expect(rougeL([], [['a', 'dog']])).toBe(0);
  });
});
