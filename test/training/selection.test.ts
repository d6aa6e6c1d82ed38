import { expect, it } from 'vitest';
import { isBetter } from '../../src/training/selection.ts';

const scored = (validationLoss: number, validationCider: number) => ({ validationLoss, validationCider });

it('is by the lower loss', () => {
  expect(isBetter(scored(2, 0.1), scored(3, 0.9), 'loss')).toBe(true);
  expect(isBetter(scored(3, 0.9), scored(2, 0.1), 'loss')).toBe(false);
});

it('or by the higher CIDEr-D', () => {
  expect(isBetter(scored(3, 0.9), scored(2, 0.1), 'cider')).toBe(true);
  expect(isBetter(scored(2, 0.1), scored(3, 0.9), 'cider')).toBe(false);
});

it('of equals the earlier stays, and the first is better than none', () => {
  for (const select of ['loss', 'cider'] as const) {
    expect(isBetter(scored(2, 0.1), scored(2, 0.1), select)).toBe(false);
    expect(isBetter(scored(99, 0), null, select)).toBe(true);
  }
});
