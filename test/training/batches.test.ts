import { describe, expect, it } from 'vitest';
import { Random } from '../../src/random.ts';
import { END, START } from '../../src/text/vocabulary.ts';
import { assembleBatch, epochBatches } from '../../src/training/batches.ts';
import { CaptionSet } from '../../src/training/caption-set.ts';
import { rowsOf } from '../helpers/feature-rows.ts';

const features = { featureSize: 2, views: [rowsOf(Float32Array.of(0, 1, 10, 11, 20, 21), 2)] };

describe('assembleBatch', () => {
  it('lays captions out step after step, longest first', () => {
    const batch = assembleBatch(
      [
        { image: 0, words: [7] },
        { image: 2, words: [4, 5, 6] },
      ],
      features,
      5,
    );
    expect(batch).toMatchObject({ captions: 2, words: 6 });
    expect([...batch.steps]).toEqual([2n, 2n, 1n, 1n, 0n]);
    expect([...batch.inputs]).toEqual([START, START, 4, 7, 5, 6]);
    expect([...batch.targets]).toEqual([4, 7, 5, END, 6, END]);
    expect([...batch.image]).toEqual([20, 21, 0, 1]);
    expect(batch.weights.reduce((a, b) => a + b)).toBeCloseTo(1);
  });

  it('cuts a caption that is too long, without teaching it to end there', () => {
    const batch = assembleBatch([{ image: 1, words: [4, 5, 6, 7] }], features, 3);
    expect([...batch.inputs]).toEqual([START, 4, 5]);
    expect([...batch.targets]).toEqual([4, 5, 6]);
  });

  it('ends a caption that just fits', () => {
    const batch = assembleBatch([{ image: 1, words: [4, 5] }], features, 3);
    expect([...batch.targets]).toEqual([4, 5, END]);
  });

  it('weighs the words of a caption by its weight', () => {
    const batch = assembleBatch(
      [
        { image: 0, words: [7] },
        { image: 2, words: [4, 5], weight: -0.5 },
      ],
      features,
      5,
    );
    expect([...batch.weights].map((w) => w * 5)).toEqual(
      [-0.5, 1, -0.5, 1, -0.5].map((w) => expect.closeTo(w)),
    );
  });

  it('gives a caption without a photograph a zero feature', () => {
    const batch = assembleBatch([{ image: null, words: [4] }], features, 3);
    expect([...batch.image]).toEqual([0, 0]);
  });

  it('draws among views of an image when given a generator', () => {
    const views = [1, 2].map((value) => rowsOf(Float32Array.of(value), 1));
    const random = new Random(3);
    const seen = new Set<number>();
    for (let i = 0; i < 20; i++) {
      seen.add(assembleBatch([{ image: 0, words: [4] }], { featureSize: 1, views }, 3, random).image[0]);
    }
    expect([...seen].sort()).toEqual([1, 2]);
    expect(assembleBatch([{ image: 0, words: [4] }], { featureSize: 1, views }, 3).image[0]).toBe(1);
  });
});

describe('epochBatches', () => {
  const random = new Random(5);
  const captions = CaptionSet.of(
    Array.from({ length: 103 }, (_, image) => ({
      image,
      words: new Array<number>(1 + random.int(15)).fill(4),
    })),
  );

  it('uses every caption once', () => {
    const all = epochBatches(captions, 10, new Random(1)).flat();
    expect(all.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 103 }, (_, i) => i));
  });

  it('puts captions of about the same length together', () => {
    const spread = (batches: number[][]) =>
      Math.max(...batches.map((b) => Math.abs(captions.wordsIn(b[0]) - captions.wordsIn(b.at(-1)!))));
    expect(spread(epochBatches(captions, 10, new Random(1)))).toBeLessThanOrEqual(4);
  });

  it('depends on the generator alone', () => {
    const order = (seed: number) => epochBatches(captions, 10, new Random(seed)).flat();
    expect(order(1)).toEqual(order(1));
    expect(order(1)).not.toEqual(order(2));
  });
});
