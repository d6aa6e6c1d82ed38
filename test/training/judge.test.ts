import { describe, expect, it } from 'vitest';
import { search } from '../../src/captioning/search.ts';
import { searchOptions } from '../../src/captioning/search-options.ts';
import { scoreCaptions } from '../../src/evaluation/score.ts';
import { judge, watchedOf } from '../../src/training/judge.ts';
import { type Model, randomModel, TableDecoder } from '../captioning/search-model.ts';
import { vocabulary } from './tiny-run.ts';

const model: Model = randomModel(vocabulary.size, 7);
/** An image's only feature is its number, which is what the table decoder goes by. */
const features = {
  featureSize: 1,
  views: [
    { copyRow: (row: number, into: Float32Array, at: number) => into.set([row], at) },
    { copyRow: () => expect.fail('only the photographs as they are count') },
  ],
};
/** More than one batch, and rows in another order than the images. */
const COUNT = 130;
const images = Array.from({ length: COUNT }, (_, i) => ({
  key: `image ${i}`,
  image: `${i}.jpg`,
  row: COUNT - 1 - i,
  references: [`w${i % 10} w${(i + 1) % 10} w3`, 'w1 w2'],
}));
const never = async () => false;

/** What greedy search says of each image, one at a time. */
async function greedyCaptions(): Promise<Map<string, string>> {
  const captions = new Map<string, string>();
  for (const { key, row } of images) {
    const decoder = new TableDecoder(vocabulary.size, model);
    const [[{ tokens }]] = await search(decoder, Float32Array.of(row), 1, searchOptions({ beam: 1 }));
    captions.set(key, vocabulary.decode(tokens));
  }
  return captions;
}

describe('judge', () => {
  it('scores the greedy captions of all images', async () => {
    const captions = await greedyCaptions();
    const scores = scoreCaptions(captions, new Map(images.map((i) => [i.key, i.references])));
    const found = await judge(
      new TableDecoder(vocabulary.size, model),
      images,
      features,
      vocabulary,
      20,
      never,
    );
    expect(scores.CIDEr).toBeGreaterThan(0.1);
    expect(found).toEqual({
      cider: scores.CIDEr,
      distinct: new Set(captions.values()).size / COUNT,
      watched: watchedOf(images).map(({ key }) => captions.get(key)),
    });
    expect(found!.distinct).toBeLessThan(1);
  });

  it('can be stopped between batches', async () => {
    let asked = 0;
    const stopAt = (turn: number) => async () => ++asked === turn;
    const decoder = new TableDecoder(vocabulary.size, model);
    expect(await judge(decoder, images, features, vocabulary, 20, stopAt(1))).toBeNull();
    expect(decoder.stepRows[0]).toBe(128);
    expect(decoder.stepRows.every((rows, i) => i === 0 || rows <= decoder.stepRows[i - 1])).toBe(true);
    asked = 0;
    expect(await judge(decoder, images, features, vocabulary, 20, stopAt(2))).toBeNull();
    asked = 0;
    expect(await judge(decoder, images, features, vocabulary, 20, stopAt(3))).not.toBeNull();
    expect(asked).toBe(2);
  });
});

describe('watchedOf', () => {
  const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);

  it('takes 8 at equal distances', () => {
    expect(watchedOf(numbers(80))).toEqual([0, 10, 20, 30, 40, 50, 60, 70]);
    expect(watchedOf(numbers(1000))).toEqual([0, 125, 250, 375, 500, 625, 750, 875]);
    expect(watchedOf(numbers(11))).toEqual([0, 1, 2, 4, 5, 6, 8, 9]);
  });

  it('takes all where there are no more', () => {
    expect(watchedOf(numbers(8))).toEqual(numbers(8));
    expect(watchedOf(numbers(3))).toEqual([0, 1, 2]);
    expect(watchedOf([])).toEqual([]);
  });
});
