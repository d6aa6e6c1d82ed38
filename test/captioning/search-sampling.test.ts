import { describe, expect, it } from 'vitest';
import { search } from '../../src/captioning/search.ts';
import { searchOptions } from '../../src/captioning/search-options.ts';
import { END, UNK } from '../../src/text/vocabulary.ts';
import { logProbabilities, type Model, randomModel, TableDecoder } from './search-model.ts';

type Request = Parameters<typeof searchOptions>[0];

/** Samples images that are known by their one feature. */
function run(size: number, model: Model, images: number[], request: Request) {
  const decoder = new TableDecoder(size, model);
  const options = searchOptions({ sample: true, ...request });
  return search(decoder, Float32Array.from(images), images.length, options);
}

/** Draws 10,000 captions of image 0; how often each came. */
async function frequencies(size: number, model: Model, request: Request): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  const runs = Array.from({ length: 10 }, (_, seed) =>
    run(size, model, [0], { count: 1000, seed, ...request }),
  );
  for (const { tokens } of (await Promise.all(runs)).flat(2))
    counts.set(tokens.join(), (counts.get(tokens.join()) ?? 0) + 1);
  return counts;
}

/** The first word's distribution: captions of exactly one word. */
const oneWord = { minLength: 1, maxLength: 1 };
const fixed =
  (weights: number[]): Model =>
  () =>
    logProbabilities(weights);

describe('sampling', () => {
  it('draws captions as often as the model says', async () => {
    const size = 7;
    const model = randomModel(size, 3);
    // P(caption) with PAD, START and UNK left out, at least one word, at most two.
    const expected = new Map<string, number>();
    const visit = (tokens: number[], p: number) => {
      if (tokens.length === 2) return void expected.set(tokens.join(), p);
      const next = model(0, tokens).map(Math.exp);
      const allowed = [END, 4, 5, 6].slice(tokens.length === 0 ? 1 : 0);
      const total = allowed.reduce((sum, id) => sum + next[id]!, 0);
      for (const id of allowed) {
        if (id === END) expected.set(tokens.join(), (p * next[id]!) / total);
        else visit([...tokens, id], (p * next[id]!) / total);
      }
    };
    visit([], 1);
    const counts = await frequencies(size, model, { maxLength: 2 });
    let chiSquare = 0;
    for (const [caption, p] of expected) {
      chiSquare += ((counts.get(caption) ?? 0) - 10_000 * p) ** 2 / (10_000 * p);
    }
    expect(expected.size).toBe(12);
    expect([...counts.keys()].filter((caption) => !expected.has(caption))).toEqual([]);
    expect(chiSquare).toBeLessThan(31.3); // 99.9 % point at 11 degrees of freedom
  });

  it.each([0.5, 1, 2])('tempers the distribution (temperature %d)', async (temperature) => {
    const weights = [5, 5, 5, 5, 4, 2, 1, 8];
    const counts = await frequencies(8, fixed(weights), { ...oneWord, temperature });
    const tempered = weights.map((w, id) => (id > UNK ? w ** (1 / temperature) : 0));
    const total = tempered.reduce((a, b) => a + b, 0);
    for (let id = 4; id < 8; id++) {
      expect(Math.abs((counts.get(`${id}`) ?? 0) / 10_000 - tempered[id]! / total)).toBeLessThan(0.016);
    }
  });

  it('is greedy search at a temperature near 0', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const model = randomModel(9, seed);
      const sampled = await run(9, model, [0, 1], { temperature: 1e-9, maxLength: 8 });
      const decoder = new TableDecoder(9, model);
      const greedy = searchOptions({ beam: 1, maxLength: 8 });
      expect(sampled).toEqual(await search(decoder, Float32Array.of(0, 1), 2, greedy));
    }
    const tiny = await run(6, fixed([0, 0, 1, 0, 1, 2]), [0], {
      temperature: Number.MIN_VALUE,
      maxLength: 3,
    });
    expect(tiny[0]![0]!.tokens).toEqual([5, 5, 5]);
  });

  const supports: [string, Request, number[]][] = [
    ['everything', {}, [4, 5, 6, 7, 8]],
    ['top-k 1', { topK: 1 }, [6]],
    ['top-k 3', { topK: 3 }, [4, 6, 8]],
    ['top-k beyond the vocabulary', { topK: 99 }, [4, 5, 6, 7, 8]],
    ['a top-p that the first word reaches', { topP: 0.39 }, [6]],
    ['a top-p that needs the second', { topP: 0.41 }, [6, 8]],
    ['a top-p that needs the fourth', { topP: 0.86 }, [4, 5, 6, 8]],
    // Of the first two words (.4, .3) the first alone has 4/7.
    ['top-p within top-k', { topK: 2, topP: 0.55 }, [6]],
    ['top-p across top-k', { topK: 2, topP: 0.6 }, [6, 8]],
    // Squared and renormalised the first word has 16/29.25.
    ['top-p after temperature', { topP: 0.54, temperature: 0.5 }, [6]],
  ];
  it.each(supports)('restricts the support exactly: %s', async (_, request, words) => {
    const weights = [50, 50, 50, 50, 1.5, 1, 4, 0.5, 3];
    const counts = await frequencies(9, fixed(weights), { ...oneWord, ...request });
    expect([...counts.keys()].map(Number).sort()).toEqual(words);
    const temperature = Number(request?.temperature ?? 1);
    const total = words.reduce((sum, id) => sum + weights[id]! ** (1 / temperature), 0);
    for (const id of words) {
      const p = weights[id]! ** (1 / temperature) / total;
      expect(Math.abs(counts.get(`${id}`)! / 10_000 - p)).toBeLessThan(0.016);
    }
  });

  it('restricts large vocabularies like a full sort', async () => {
    const size = 500;
    const model = randomModel(size, 8);
    const first = [...model(0, []).entries()].slice(4).sort((a, b) => b[1] - a[1]);
    const top = new Set(first.slice(0, 25).map(([id]) => id));
    const counts = await frequencies(size, model, { ...oneWord, topK: 25 });
    expect(new Set([...counts.keys()].map(Number))).toEqual(top);
    const total = first.reduce((sum, [, x]) => sum + Math.exp(x), 0);
    let mass = 0;
    const nucleus = new Set<number>();
    for (const [id, x] of first) {
      if (mass >= 0.5) break;
      nucleus.add(id);
      mass += Math.exp(x) / total;
    }
    const drawn = await frequencies(size, model, { ...oneWord, topP: 0.5 });
    expect(new Set([...drawn.keys()].map(Number))).toEqual(nucleus);
  });

  it('breaks ties of top-k by the smaller id', async () => {
    const counts = await frequencies(9, fixed([1, 1, 1, 1, 1, 2, 1, 1, 1]), { ...oneWord, topK: 3 });
    expect([...counts.keys()].sort()).toEqual(['4', '5', '6']);
  });

  it('gives an image the same captions alone, in a batch and at other counts', async () => {
    const model = randomModel(30, 4);
    const batch = await run(30, model, [8, 3, 8, 5], { count: 4, seed: 7 });
    expect(batch[1]).toEqual((await run(30, model, [3], { count: 4, seed: 7 }))[0]);
    expect(batch[0]).toEqual(batch[2]);
    expect(batch[0]).not.toEqual(batch[3]);
    const one = await run(30, model, [3], { seed: 7 });
    expect(batch[1]).toContainEqual(one[0]![0]);
    expect(batch).not.toEqual(await run(30, model, [8, 3, 8, 5], { count: 4, seed: 8 }));
  });

  it("reports the model's own log-probability, best first", async () => {
    const model = randomModel(10, 6);
    const [found] = await run(10, model, [0], { count: 20, temperature: 3, topK: 4, lengthPenalty: 1 });
    expect(found).toHaveLength(20);
    for (const { tokens, logProb, score, ended } of found!) {
      expect(ended).toBe(true);
      const words = [...tokens, END];
      const sum = words.reduce((total, id, i) => total + model(0, tokens.slice(0, i))[id]!, 0);
      expect(logProb).toBeCloseTo(sum, 12);
      expect(score).toBeCloseTo(sum / words.length, 12);
    }
    expect(found!.map(({ score }) => score)).toEqual(found!.map(({ score }) => score).sort((a, b) => b - a));
  });

  it('keeps the length limits', async () => {
    const eager = await run(6, fixed([0, 0, 1e9, 0, 1, 1]), [0], { count: 50, minLength: 3, maxLength: 5 });
    expect(eager[0]!.map(({ tokens }) => tokens.length)).toEqual(new Array(50).fill(3));
    const endless = await run(6, fixed([9, 9, 0, 9, 1, 1]), [0], { count: 50, maxLength: 5 });
    expect(endless[0]!.every(({ tokens, ended }) => tokens.length === 5 && !ended)).toBe(true);
    const forced = await run(6, fixed([9, 9, 1e-6, 9, 1, 1]), [0], { count: 50, maxLength: 5 });
    expect(forced[0]!.every(({ tokens, ended }) => tokens.length === 5 && ended)).toBe(true);
  });
});
