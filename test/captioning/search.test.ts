import { describe, expect, it } from 'vitest';
import { search } from '../../src/captioning/search.ts';
import { searchOptions } from '../../src/captioning/search-options.ts';
import { END, PAD, START, UNK } from '../../src/text/vocabulary.ts';
import { everyCaption, logProbabilities, type Model, randomModel, TableDecoder } from './search-model.ts';

const SPECIALS = [PAD, START, END, UNK];
const SEEDS = Array.from({ length: 60 }, (_, seed) => seed);

/** Searches images that are known by their one feature. */
function run(size: number, model: Model, images: number[], request: Parameters<typeof searchOptions>[0]) {
  const decoder = new TableDecoder(size, model);
  return search(decoder, Float32Array.from(images), images.length, searchOptions(request));
}

describe('beam search', () => {
  for (const minLength of [0, 1, 3]) {
    for (const lengthPenalty of [0, 0.7, 1, 2.5]) {
      it(`wide enough is brute force (minLength ${minLength}, alpha ${lengthPenalty})`, async () => {
        for (const seed of SEEDS) {
          const size = 6 + (seed % 2);
          const maxLength = 3 + (seed % 2);
          const limits = { minLength, maxLength, lengthPenalty };
          const model = randomModel(size, seed);
          const all = everyCaption(size, model, 0, limits);
          for (const count of [1, 5, all.length]) {
            const [found] = await run(size, model, [0], { ...limits, beam: 300, count });
            expect(found!.every(({ ended }) => ended)).toBe(true);
            expect(found!.map(({ tokens, logProb }) => ({ tokens, logProb }))).toEqual(
              all.slice(0, count).map(({ tokens, logProb }) => ({ tokens, logProb })),
            );
            for (const [i, { score }] of found!.entries()) expect(score).toBeCloseTo(all[i]!.score, 12);
          }
        }
      });
    }
  }

  it('of width 1 is greedy search', async () => {
    for (const seed of SEEDS) {
      const model = randomModel(9, seed);
      const tokens: number[] = [];
      let logProb = 0;
      for (;;) {
        const next = model(0, tokens);
        const allowed = [...next.keys()].filter((id) =>
          id === END ? tokens.length >= 2 : id > UNK && tokens.length < 6,
        );
        const word = allowed.reduce((best, id) => (next[id]! > next[best]! ? id : best));
        logProb += next[word]!;
        if (word === END) break;
        tokens.push(word);
      }
      const [found] = await run(9, model, [0], { beam: 1, minLength: 2, maxLength: 6 });
      expect(found).toEqual([{ tokens, logProb, score: logProb, ended: true }]);
    }
  });

  it('finds what greedy search misses', async () => {
    // The likelier first word leads to an unlikely caption.
    const model: Model = (_, words) => {
      if (words.length === 0) return logProbabilities([0, 0, 0, 0, 6, 4, 0]);
      if (words[0] === 4) return logProbabilities([0, 0, 4, 0, 3, 3, 0]);
      return logProbabilities([0, 0, 1, 0, 0, 0, 0]);
    };
    const [greedy] = await run(7, model, [0], { beam: 1 });
    const [beam] = await run(7, model, [0], { beam: 2 });
    expect(greedy![0]!.tokens).toEqual([4]);
    expect(beam![0]!.tokens).toEqual([5]);
    expect(beam![0]!.score).toBeCloseTo(Math.log(0.4), 6);
  });

  it('prefers longer captions with a higher length penalty', async () => {
    const model: Model = (_, words) =>
      words.length < 4 ? logProbabilities([0, 0, 4, 0, 6]) : logProbabilities([0, 0, 1, 0, 0]);
    const lengths = [];
    for (const lengthPenalty of [0, 1]) {
      const [found] = await run(5, model, [0], { lengthPenalty });
      lengths.push(found![0]!.tokens.length);
    }
    expect(lengths).toEqual([1, 4]);
  });

  it('gives the same in a batch as alone, and never a special word', async () => {
    const images = [4, 1, 7, 1, 30, 2];
    for (const seed of SEEDS.slice(0, 20)) {
      const model = randomModel(12, seed);
      const request = { beam: 3, count: 3, maxLength: 7, lengthPenalty: 0.5 };
      const batch = await run(12, model, images, request);
      for (const [i, image] of images.entries()) {
        expect(batch[i]).toEqual((await run(12, model, [image], request))[0]);
        expect(batch[i]).toHaveLength(3);
        expect(new Set(batch[i]!.map(({ tokens }) => tokens.join())).size).toBe(3);
        expect(batch[i]!.flatMap(({ tokens }) => tokens).filter((id) => SPECIALS.includes(id))).toEqual([]);
        expect(batch[i]!.map(({ score }) => score)).toEqual(
          batch[i]!.map(({ score }) => score).sort((a, b) => b - a),
        );
      }
    }
  });

  it('drops the rows of images that are done', async () => {
    // Image n ends after n words for certain.
    const model: Model = (image, words) =>
      words.length < image ? logProbabilities([0, 0, 0, 0, 2, 1]) : logProbabilities([0, 0, 1, 0, 0, 0]);
    const decoder = new TableDecoder(6, model);
    const found = await search(decoder, Float32Array.of(1, 3, 2), 3, searchOptions({ beam: 2 }));
    expect(found.map(([best]) => best!.tokens)).toEqual([[4], [4, 4, 4], [4, 4]]);
    // Two live prefixes an image until it ends: after 1, 2 and 3 words.
    expect(decoder.stepRows).toEqual([3, 6, 4, 2]);
  });

  it('stops as soon as no live prefix can win, which a length penalty puts off', async () => {
    const steps = [];
    for (const [count, lengthPenalty] of [
      [1, 0],
      [2, 0],
      [3, 0],
      [1, 1],
    ] as const) {
      const decoder = new TableDecoder(6, () => logProbabilities([0, 0, 8, 0, 1, 1]));
      await search(
        decoder,
        Float32Array.of(0),
        1,
        searchOptions({ beam: 3, count, lengthPenalty, maxLength: 9 }),
      );
      steps.push(decoder.stepRows.length);
    }
    // With alpha 1 n words can still reach n log(.1) / 10; the best caption has log(.08) / 2: up to n = 5.
    expect(steps).toEqual([2, 2, 3, 6]);
  });

  it('ends nothing before minLength words, however much the model wants to', async () => {
    const model: Model = () => logProbabilities([0, 0, 1e6, 0, 2, 1, 0.5]);
    for (const beam of [1, 3]) {
      const [found] = await run(7, model, [0], { beam, minLength: 4 });
      expect(found![0]).toMatchObject({ tokens: [4, 4, 4, 4], ended: true });
    }
  });

  it('cuts at maxLength words what the model never ends', async () => {
    const model: Model = () => logProbabilities([3, 3, 0, 9, 2, 1]);
    const [found] = await run(6, model, [0], { beam: 4, count: 4, maxLength: 5 });
    expect(found!.map(({ tokens, ended }) => [tokens.length, ended])).toEqual(new Array(4).fill([5, false]));
    expect(found![0]!.tokens).toEqual([4, 4, 4, 4, 4]);
    expect(found![0]!.logProb).toBeCloseTo(5 * Math.log(2 / 18), 5);
  });

  it('prefers a caption that can end to one that would be cut', async () => {
    // After word 4 no end ever comes; after the unlikely word 5 it does.
    const model: Model = (_, words) =>
      logProbabilities(words.includes(5) ? [0, 0, 1, 0, 0, 0] : [0, 0, 0, 0, 9, 1]);
    const [found] = await run(6, model, [0], { beam: 3, maxLength: 2 });
    expect(found![0]).toMatchObject({ tokens: [5], ended: true });
  });

  it('cuts where the model gives no word a probability', async () => {
    const model: Model = (_, words) => logProbabilities(words.length < 2 ? [0, 0, 0, 0, 1] : [0, 0, 0, 1, 0]);
    const [found] = await run(5, model, [0], { minLength: 4, lengthPenalty: 1 });
    expect(found).toEqual([{ tokens: [4, 4], logProb: 0, score: 0, ended: false }]);
  });

  it('counts words and END in the length of the score', async () => {
    const [found] = await run(6, randomModel(6, 1), [0], { minLength: 3, maxLength: 3, lengthPenalty: 2 });
    expect(found![0]!.score).toBeCloseTo(found![0]!.logProb / 16, 12);
  });

  it('says so when the model gives NaN', async () => {
    for (const at of [END, 4, 7]) {
      const model: Model = (_, words) => {
        const logProbs = logProbabilities([1, 1, 1, 1, 5, 1, 1, 1]);
        if (words.length === 1) logProbs[at] = Number.NaN;
        return logProbs;
      };
      for (const request of [{ beam: 1 }, { beam: 3 }, { sample: true }]) {
        await expect(run(8, model, [0], request)).rejects.toThrow(
          'expected the model to give log-probabilities but got NaN after 1 word: its weights are broken',
        );
      }
    }
  });

  it('takes no images, and refuses features of another number of images', async () => {
    const decoder = new TableDecoder(6, randomModel(6, 1));
    expect(await search(decoder, new Float32Array(0), 0, searchOptions())).toEqual([]);
    await expect(search(decoder, new Float32Array(3), 2, searchOptions())).rejects.toThrow(
      'internal: expected',
    );
  });
});
