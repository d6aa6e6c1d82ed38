import { describe, expect, it } from 'vitest';
import { Random } from '../../src/random.ts';
import { START, UNK } from '../../src/text/vocabulary.ts';
import { assembleBatch, type CaptionExample } from '../../src/training/batches.ts';
import { mixInOwnWords } from '../../src/training/scheduled-sampling.ts';
import { logProbabilities, type Model, randomModel, TableDecoder } from '../captioning/search-model.ts';

const V = 9;
const T = 7;
/** An image's only feature is its number, which is what the table decoder goes by. */
const features = {
  featureSize: 1,
  views: [{ copyRow: (row: number, into: Float32Array, at: number) => into.set([row], at) }],
};
/** Captions of different lengths, some equal; the longest is cut at T steps. */
const examples: readonly CaptionExample[] = [
  { image: 0, words: [4, 5] },
  { image: 1, words: [6, 7, 8, 4] },
  { image: 2, words: [5] },
  { image: 3, words: [8, 8, 8, 8, 8, 8, 8, 8] },
  { image: 4, words: [4, 6, 5, 7] },
];
const batchOf = (captions = examples) => assembleBatch(captions, features, T);

/** The inputs of each caption of a batch, by its row. */
function captionInputs({ inputs, steps }: { inputs: Int32Array; steps: BigInt64Array }): number[][] {
  const captions: number[][] = [];
  let at = 0;
  for (const count of steps) {
    for (let row = 0; row < count; row++) {
      if (captions.length === row) captions.push([]);
      captions[row].push(inputs[at++]);
    }
  }
  return captions;
}

const copied = (model: Model, share: number, seed: number) => {
  const batch = batchOf();
  return mixInOwnWords(batch, new TableDecoder(V, model), share, new Random(seed)).then(() => batch);
};

/**
 * Bengio et al. 2015, section 2.4, caption by caption from the front: a coin for each word, and tails is a word
 * drawn from what the model says behind everything that was read before, drawn words included. The coins and
 * draws fall in the order of the steps.
 */
function naive(
  captions: readonly (readonly number[])[],
  images: readonly number[],
  model: Model,
  share: number,
  seed: number,
) {
  const random = new Random(seed);
  const read = captions.map(([start]) => [start]);
  for (let t = 1; t < T; t++) {
    for (const [row, caption] of captions.entries()) {
      if (t >= caption.length) continue;
      if (random.next() >= share) {
        read[row].push(caption[t]);
        continue;
      }
      const probabilities = [...model(images[row], read[row].slice(1))].map(Math.exp).slice(UNK + 1);
      let point = random.next() * probabilities.reduce((a, b) => a + b);
      const word = probabilities.findIndex((p) => {
        point -= p;
        return point < 0;
      });
      read[row].push(UNK + 1 + word);
    }
  }
  return read;
}

describe('mixInOwnWords', () => {
  const model = randomModel(V, 3);

  it('is the procedure of the paper, caption by caption', async () => {
    const before = captionInputs(batchOf());
    // Longest first, of equals the first one.
    const images = [3, 1, 4, 0, 2];
    for (const share of [0, 0.25, 0.5, 1]) {
      for (let seed = 0; seed < 8; seed++) {
        const mixed = captionInputs(await copied(model, share, seed));
        expect(mixed).toEqual(naive(before, images, model, share, seed));
      }
    }
  });

  it('changes nothing with a share of 0, and every word behind <start> is drawn with 1', async () => {
    expect(await copied(model, 0, 1)).toEqual(batchOf());
    // A model whose next word says how many words it has read: that of the caption can't be in the way.
    const counting: Model = (_, words) =>
      logProbabilities(Array.from({ length: V }, (_, word) => (word === 4 + (words.length % 5) ? 1 : 1e-9)));
    const { inputs, steps } = await copied(counting, 1, 1);
    expect(captionInputs({ inputs, steps })).toEqual([
      [START, 4, 5, 6, 7, 8, 4],
      [START, 4, 5, 6, 7],
      [START, 4, 5, 6, 7],
      [START, 4, 5],
      [START, 4],
    ]);
  });

  it('leaves all but the inputs alone', async () => {
    const { inputs, ...rest } = await copied(model, 1, 1);
    const { inputs: before, ...same } = batchOf();
    expect(rest).toEqual(same);
    expect(inputs).not.toEqual(before);
  });

  it('decodes no row whose caption is over, and no step behind the last word', async () => {
    const decoder = new TableDecoder(V, model);
    await mixInOwnWords(batchOf(), decoder, 0.5, new Random(1));
    expect(decoder.stepRows).toEqual([5, 5, 4, 3, 3, 1]);
  });

  it('copes with captions of one word only', async () => {
    const batch = batchOf([{ image: 2, words: [5] }]);
    await mixInOwnWords(batch, new TableDecoder(V, model), 1, new Random(1));
    expect(batch.inputs[0]).toBe(START);
    expect(batch.inputs[1]).toBeGreaterThan(UNK);
  });

  it('replaces the asked-for share of words, by words as frequent as the model has them among real ones', async () => {
    // The special words are likely, and never drawn.
    const weights = [5, 5, 5, 5, 1, 2, 3, 0, 4];
    const decoder = new TableDecoder(V, () => logProbabilities(weights));
    const words = 5;
    const share = 0.3;
    const captions = Array.from({ length: 2000 }, (_, image) => ({
      image,
      // A word that the model never says.
      words: new Array<number>(words).fill(7),
    }));
    const batch = batchOf(captions);
    await mixInOwnWords(batch, decoder, share, new Random(4));
    const count = new Array<number>(V).fill(0);
    for (const word of batch.inputs) count[word]++;
    const all = captions.length * words;
    expect(count[START]).toBe(captions.length);
    for (const [word, weight] of weights.entries()) {
      if (word === START || word === 7) continue;
      const expected = word > UNK ? (share * weight) / 10 : 0;
      const error = Math.sqrt((expected * (1 - expected)) / all);
      expect(Math.abs(count[word] / all - expected), `word ${word}`).toBeLessThanOrEqual(4 * error);
    }
  });

  it('depends on the generator alone', async () => {
    const inputs = async (seed: number) => (await copied(model, 0.5, seed)).inputs;
    expect(await inputs(1)).toEqual(await inputs(1));
    expect(await inputs(1)).not.toEqual(await inputs(2));
  });
});
