import { expect, it } from 'vitest';
import { Random } from '../../src/random.ts';
import { dropoutMask } from '../../src/training/dropout.ts';

it('switches off the asked-for share of units, each on its own', () => {
  for (const rate of [0.1, 0.5, 0.8]) {
    const mask = dropoutMask(100_001, rate, new Random(4));
    expect(mask.length).toBe(100_001);
    const off = mask.filter((unit) => unit === 0).length / mask.length;
    expect(off).toBeCloseTo(rate, 2);
    // Neighbours share a random word: both off must still be rate squared.
    let pairs = 0;
    for (let i = 0; i + 1 < mask.length; i += 2) if (mask[i] + mask[i + 1] === 0) pairs++;
    expect(pairs / (mask.length / 2)).toBeCloseTo(rate ** 2, 1);
    expect(mask.every((unit) => unit === 0 || unit === 1)).toBe(true);
  }
});
