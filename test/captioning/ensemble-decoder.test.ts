import { describe, expect, it } from 'vitest';
import { EnsembleDecoder } from '../../src/captioning/ensemble-decoder.ts';
import { perplexity } from '../../src/captioning/perplexity.ts';
import { search } from '../../src/captioning/search.ts';
import { type SearchRequest, searchOptions } from '../../src/captioning/search-options.ts';
import { END, START } from '../../src/text/vocabulary.ts';
import { everyCaption, logProbabilities, type Model, randomModel, TableDecoder } from './search-model.ts';

const SEEDS = Array.from({ length: 20 }, (_, seed) => seed);

const ensemble = (size: number, models: readonly Model[]) =>
  new EnsembleDecoder(models.map((model) => new TableDecoder(size, model)));

/** log of the mean of the models' probabilities, as it is written on paper. */
const together =
  (models: readonly Model[]): Model =>
  (image, words) => {
    const members = models.map((model) => model(image, words));
    return Float32Array.from(members[0]!, (_, id) =>
      Math.log(members.reduce((sum, logProbs) => sum + Math.exp(logProbs[id]!), 0) / models.length),
    );
  };

/** What one step from the start gives, for models that ignore image and words. */
async function firstStep(...members: (readonly number[])[]): Promise<number[]> {
  const decoder = ensemble(
    members[0]!.length,
    members.map((logProbs) => () => Float32Array.from(logProbs)),
  );
  const state = await decoder.start(Float32Array.of(0), 1);
  return [...(await decoder.step(Int32Array.of(START), state)).logProbs];
}

/** Searches images that are known by their one feature. */
const run = (decoder: EnsembleDecoder<unknown>, images: readonly number[], request: SearchRequest) =>
  search(decoder, Float32Array.from(images), images.length, searchOptions(request));

describe('the words of an ensemble', () => {
  it('have the arithmetic mean of the probabilities', async () => {
    const first = logProbabilities([0, 0, 5, 0, 85, 10, 0]);
    const second = logProbabilities([0, 0, 10, 0, 2, 30, 58]);
    const mean = (await firstStep([...first], [...second])).map(Math.exp);
    // The mean of the logarithms would prefer word 5.
    expect(mean).toEqual([0, 0, 0.075, 0, 0.435, 0.2, 0.29].map((p) => expect.closeTo(p, 6)));
  });

  it('are right where probabilities underflow or are 0, and NaN stays one', async () => {
    const far = await firstStep([-2000, -Infinity, -Infinity, -1e-8, 0], [-2001, -3, -Infinity, -900, NaN]);
    expect(far).toEqual([
      expect.closeTo(-2000 + Math.log((1 + Math.exp(-1)) / 2), 3),
      expect.closeTo(-3 - Math.log(2), 5),
      -Infinity,
      expect.closeTo(-Math.log(2), 5),
      NaN,
    ]);
  });

  it('of equal members are theirs to the bit', async () => {
    const member = [...randomModel(9, 4)(0, [])];
    expect(await firstStep(member, member, member)).toEqual(member);
  });
});

describe('search', () => {
  it.each([1, 2, 3])('of a wide beam over %d models finds the best of all sentences', async (members) => {
    for (const seed of SEEDS) {
      const size = 6 + (seed % 2);
      const limits = { minLength: 1, maxLength: 3, lengthPenalty: (seed % 3) * 0.5 };
      const models = Array.from({ length: members }, (_, i) => randomModel(size, 100 * seed + i));
      const images = [0, 1];
      const found = await run(ensemble(size, models), images, { ...limits, beam: 200, count: 10 });
      for (const image of images) {
        const all = everyCaption(size, together(models), image, limits).slice(0, 10);
        expect(found[image]!.map(({ tokens }) => tokens)).toEqual(all.map(({ tokens }) => tokens));
        for (const [i, { logProb }] of all.entries()) {
          expect(found[image]![i]!.logProb).toBeCloseTo(logProb, 5);
        }
      }
    }
  });

  it.each<[string, SearchRequest]>([
    ['beam search', { count: 3 }],
    ['greedy search', { beam: 1 }],
    ['sampling', { sample: true, count: 4, seed: 3, temperature: 1.3, topP: 0.9 }],
  ])('one model gives what it gives alone: %s', async (_, request) => {
    for (const seed of SEEDS) {
      const model = randomModel(9, seed);
      const alone = new TableDecoder(9, model);
      const features = Float32Array.of(0, 1, 2);
      const options = searchOptions({ ...request, maxLength: 6 });
      const wanted = await search(alone, features, 3, options);
      const member = new TableDecoder(9, model);
      expect(await search(new EnsembleDecoder([member]), features, 3, options)).toEqual(wanted);
      expect(member.stepRows).toEqual(alone.stepRows);
    }
  });

  it('reads each word once in every member, and draws samples from the mean', async () => {
    const lists = [
      [0, 0, 0, 0, 1, 0],
      [0, 0, 0, 0, 0, 1],
    ];
    const members = lists.map(
      (weights) =>
        new TableDecoder(6, (_, words) =>
          logProbabilities(words.length === 0 ? weights : weights.map((_, id) => (id === END ? 1 : 0))),
        ),
    );
    const [drawn] = await run(new EnsembleDecoder(members), [0], { sample: true, count: 400, seed: 2 });
    const share = drawn!.filter(({ tokens }) => tokens[0] === 4).length / 400;
    expect(share).toBeGreaterThan(0.42);
    expect(share).toBeLessThan(0.58);
    for (const { logProb } of drawn!) expect(logProb).toBeCloseTo(Math.log(1 / 2), 6);
    for (const { stepRows } of members) expect(stepRows).toEqual([400, 400]);
  });
});

it('perplexity is that of the mean probabilities', async () => {
  const models = [11, 12, 13].map((seed) => randomModel(7, seed));
  const captions = Array.from({ length: 40 }, (_, i) => ({
    feature: Float32Array.of(i % 3),
    words: Array.from({ length: i % 5 }, (_, t) => 4 + ((i + t) % 3)),
  }));
  const mean = together(models);
  const surprises = captions.flatMap(({ feature, words }) =>
    [...words, END].map((word, t) => -mean(feature[0]!, words.slice(0, t))[word]!),
  );
  const wanted = Math.exp(surprises.reduce((a, b) => a + b) / surprises.length);
  expect(await perplexity(ensemble(7, models), captions)).toBeCloseTo(wanted, 5);
});

it('decoders of other sizes are no ensemble, and neither is none', () => {
  const decoders = [7, 7, 9].map((size) => new TableDecoder(size, randomModel(size, 1)));
  expect(() => new EnsembleDecoder(decoders)).toThrow(
    'internal: expected decoders of one vocabulary but got 7 and 9 words',
  );
  expect(() => new EnsembleDecoder([])).toThrow(
    'internal: expected the decoders of an ensemble but got none',
  );
});
