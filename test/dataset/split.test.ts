import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Dataset, Split } from '../../src/dataset/example.ts';
import { bySplit, withHoldout } from '../../src/dataset/split.ts';

const datasetOf = (splits: readonly (Split | undefined)[]): Dataset => ({
  name: 'photos',
  root: '/photos',
  examples: splits.map((split, i) => ({
    image: `/photos/${i}.jpg`,
    key: `${i}.jpg`,
    split,
    captions: ['a dog'],
  })),
});
const unsplit = (count: number) => datasetOf(Array.from({ length: count }, () => undefined));
const heldKeys = (dataset: Dataset) => new Set(bySplit(dataset, 'val').map(({ key }) => key));

describe('bySplit', () => {
  it('gives the images of one split in order', () => {
    expect(bySplit(datasetOf(['train', 'val', 'train']), 'train').map(({ key }) => key)).toEqual([
      '0.jpg',
      '2.jpg',
    ]);
  });

  it('names the splits that exist', () => {
    expect(() => bySplit(datasetOf(['train', 'val', 'train', undefined]), 'test')).toThrow(
      'expected images of split "test" in photos but got train, val only',
    );
    expect(() => bySplit(unsplit(2), 'test')).toThrow(
      'expected images of split "test" in photos but got no splits at all',
    );
  });
});

describe('withHoldout', () => {
  it('takes the fraction asked for, at least one image and never all', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 60 }),
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        (count, fraction) => {
          const held = heldKeys(withHoldout(unsplit(count), fraction, 1)).size;
          expect(held).toBe(Math.min(Math.max(1, Math.round(fraction * count)), count - 1));
        },
      ),
    );
  });

  it('depends on the seed, not on the order', () => {
    const dataset = unsplit(100);
    const held = heldKeys(withHoldout(dataset, 0.2, 1));
    expect(heldKeys(withHoldout({ ...dataset, examples: dataset.examples.toReversed() }, 0.2, 1))).toEqual(
      held,
    );
    expect(heldKeys(withHoldout(dataset, 0.2, 2))).not.toEqual(held);
  });

  it('leaves val and test as they are', () => {
    const splits = withHoldout(datasetOf(['test', 'val', 'train', undefined, 'test']), 0.5, 7).examples.map(
      ({ split }) => split,
    );
    expect([splits[0], splits[1], splits[4]]).toEqual(['test', 'val', 'test']);
    expect(new Set([splits[2], splits[3]])).toEqual(new Set(['train', 'val']));
  });

  it.each([0, 1, -0.1, Number.NaN])('refuses a fraction of %s', (fraction) => {
    expect(() => withHoldout(unsplit(4), fraction, 1)).toThrow(
      `expected a hold-out fraction between 0 and 1 but got ${fraction}`,
    );
  });

  it('refuses a data set with nothing to hold out', () => {
    expect(() => withHoldout(datasetOf(['train', 'test']), 0.5, 1)).toThrow(
      'expected at least 2 training images in photos to hold some out but got 1',
    );
  });
});
