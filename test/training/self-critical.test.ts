import { beforeAll, describe, expect, it } from 'vitest';
import type { DecoderConfig } from '../../src/decoder/config.ts';
import { initialWeights } from '../../src/decoder/parameters.ts';
import { UserError } from '../../src/errors.ts';
import { CiderD } from '../../src/evaluation/cider.ts';
import { sentence } from '../../src/evaluation/sentence.ts';
import { Random } from '../../src/random.ts';
import { buildVocabulary, END, START, UNK, Vocabulary } from '../../src/text/vocabulary.ts';
import type { Batch } from '../../src/training/batches.ts';
import { CaptionSet } from '../../src/training/caption-set.ts';
import type { Arrays } from '../../src/training/optimizer.ts';
import { TRAINING_DEFAULTS, type TrainingOptions } from '../../src/training/options.ts';
import { advantages, SelfCritical } from '../../src/training/self-critical.ts';
import { type TrainingData, type TrainingFiles, train } from '../../src/training/trainer.ts';
import { Validator } from '../../src/training/validator.ts';
import { randomModel, TableDecoder } from '../captioning/search-model.ts';
import { rowsOf } from '../helpers/feature-rows.ts';
import { bytes, one, timeless } from './tiny-run.ts';

describe('advantages', () => {
  it('compares each reward with the mean of the others', () => {
    expect(advantages([3, 1, 2])).toEqual([1.5, -1.5, 0]);
    expect(advantages([0, 0, 0, 4])).toEqual([-4 / 3, -4 / 3, -4 / 3, 4].map((a) => expect.closeTo(a, 12)));
    expect(advantages([2, 2])).toEqual([0, 0]);
  });
});

describe('SelfCritical', () => {
  const V = 9;
  const I = 7;
  const T = 6;
  /** Captions of each image; one of no image is no reference. */
  const spoken = CaptionSet.of([
    ...Array.from({ length: I }, (_, image) => ({ image, words: [4 + (image % 5), 5, 6] })),
    ...Array.from({ length: I }, (_, image) => ({ image, words: [7, 4 + (image % 5)] })),
    { image: null, words: [8, 8, 8] },
  ]);
  /** An image's only feature is its number; a second view is a hundred more. */
  const view = (more: number) => ({
    copyRow: (row: number, into: Float32Array, at: number) => into.set([row + more], at),
  });
  const features = { featureSize: 1, views: [view(0), view(100)] };
  const options: TrainingOptions = { ...TRAINING_DEFAULTS, batchSize: 14, samples: 4, maxSteps: T };
  const words = new Vocabulary([
    ...['<pad>', '<start>', '<end>', '<unk>'],
    ...Array.from({ length: V - 4 }, (_, i) => `w${i}`),
  ]);
  const model = randomModel(V, 5);
  const made = (changed: Partial<TrainingOptions> = {}, from = model) =>
    new SelfCritical(spoken, features, words, { ...options, ...changed }, new TableDecoder(V, from));

  /** The captions of a batch by row: image, words with <end>, and the loss weights times N. */
  function rowsIn({ image, inputs, targets, weights, steps, words: N }: Batch) {
    const rows = [...image].map((feature) => ({
      feature,
      inputs: [] as number[],
      words: [] as number[],
      weights: [] as number[],
    }));
    let at = 0;
    for (const count of steps) {
      for (let row = 0; row < count; row++, at++) {
        rows[row].inputs.push(inputs[at]);
        rows[row].words.push(targets[at]);
        rows[row].weights.push(weights[at] * N);
      }
    }
    return rows;
  }

  it('goes through all images once an epoch, batchSize / samples at a time', () => {
    const batches = made().batches(new Random(1));
    expect(batches.map((batch) => batch.length)).toEqual([3, 3, 1]);
    expect(batches.flat().sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(made().batches(new Random(1))).toEqual(batches);
    expect(made().batches(new Random(2))).not.toEqual(batches);
    // At least one, however small the batch.
    expect(made({ batchSize: 2 }).batches(new Random(1)).length).toBe(I);
  });

  it('draws so many captions of each image, and weighs them by what they earn more than the others', async () => {
    const references = new Map(
      Array.from({ length: I }, (_, image) => [
        image,
        [
          [4 + (image % 5), 5, 6, END],
          [7, 4 + (image % 5), END],
        ].map((words) => sentence(words.map(String))),
      ]),
    );
    const cider = new CiderD(references);
    const { batch, reward } = await made().assemble([5, 2, 0], new Random(3));
    const rows = rowsIn(batch);
    expect(batch.captions).toBe(12);
    let total = 0;
    for (const image of [5, 2, 0]) {
      const drawn = rows.filter(({ feature }) => feature % 100 === image);
      expect(drawn.length).toBe(4);
      // <end> is a word that earns, too.
      const rewards = drawn.map(({ words }) => cider.score(image, sentence(words.map(String))));
      const expected = advantages(rewards);
      for (const [i, { inputs, words, weights }] of drawn.entries()) {
        expect(inputs).toEqual([START, ...words.slice(0, -1)]);
        expect(words.at(-1)).toBe(END);
        expect(words.slice(0, -1).every((word) => word > UNK)).toBe(true);
        expect(words.length).toBeLessThanOrEqual(T);
        for (const weight of weights) expect(weight).toBeCloseTo(expected[i], 4);
      }
      total += rewards.reduce((a, b) => a + b);
    }
    expect(total).toBeGreaterThan(0);
    expect(reward).toBeCloseTo(total / 12, 10);
  });

  it('learns what people said beside, by its share; captions with <unk> are left out', async () => {
    const withUnknown = CaptionSet.of([
      ...Array.from({ length: spoken.length }, (_, i) => spoken.at(i)),
      { image: 2, words: [5, UNK] },
    ]);
    const of = (wordShare: number) =>
      new SelfCritical(withUnknown, features, words, { ...options, wordShare }, new TableDecoder(V, model));
    const alone = await of(0).assemble([2, 0], new Random(3));
    const mixed = await of(0.25).assemble([2, 0], new Random(3));
    expect(mixed.reward).toBe(alone.reward);
    expect(alone.batch.captions).toBe(8);
    const learnt = rowsIn(mixed.batch).filter(({ weights }) =>
      weights.every((w) => Math.abs(w - 0.25) < 1e-6),
    );
    const said = [...learnt].map(({ feature, words }) => [feature % 100, ...words]).sort();
    expect(said).toEqual(
      [
        [0, 4, 5, 6, END],
        [0, 7, 4, END],
        [2, 6, 5, 6, END],
        [2, 7, 6, END],
      ].sort(),
    );
    expect(mixed.batch.captions).toBe(12);
  });

  it('learns the captions in the view that they were drawn in', async () => {
    const seen = new Set<number>();
    for (let seed = 0; seed < 12; seed++) {
      const asked = new Set<number>();
      const watching = made({}, (image, words) => {
        asked.add(image);
        return model(image, words);
      });
      const { batch } = await watching.assemble([1, 4], new Random(seed));
      expect(new Set(batch.image)).toEqual(asked);
      expect(asked.size).toBe(2);
      for (const feature of batch.image) seen.add(feature);
    }
    expect([...seen].sort((a, b) => a - b)).toEqual([1, 4, 101, 104]);
  });

  it('depends on the generator alone', async () => {
    const drawn = async (seed: number) => (await made().assemble([1, 4], new Random(seed))).batch;
    expect(await drawn(1)).toEqual(await drawn(1));
    expect((await drawn(1)).targets).not.toEqual((await drawn(2)).targets);
  });
});

describe('self-critical training', () => {
  const F = 8;
  const random = new Random(3);
  const things = ['dog', 'cat', 'boat', 'child', 'horse', 'car'];
  const places = ['sand', 'grass', 'snow'];
  const captions = things.map((thing, i) => [
    `a ${thing} on the ${places[i % 3]}`,
    `one ${thing} is on ${places[i % 3]}`,
    `a ${thing}`,
  ]);
  const split = (caption: string) => caption.split(' ');
  const vocabulary = buildVocabulary(captions.flat().map(split), 1);
  const config: DecoderConfig = {
    cell: 'gru',
    mode: 'init',
    layers: 1,
    embeddingSize: 10,
    hiddenSize: 16,
    featureSize: F,
    vocabularySize: vocabulary.size,
  };
  const set = CaptionSet.of(
    captions.flatMap((own, image) => own.map((text) => ({ image, words: vocabulary.encode(split(text)) }))),
  );
  const matrix = Float32Array.from({ length: 6 * F }, () => random.normal());
  const data: TrainingData = {
    source: 'a test',
    vocabulary,
    features: { featureSize: F, views: [rowsOf(matrix, F)] },
    train: set,
    validation: set,
    text: CaptionSet.of([]),
    images: captions.map((references, row) => ({ key: things[row], image: `${row}.jpg`, row, references })),
  };
  const base: TrainingOptions = {
    ...TRAINING_DEFAULTS,
    batchSize: 6,
    maxSteps: 7,
    averaging: 0,
    patience: 99,
  };
  const rewarding: TrainingOptions = {
    ...base,
    selfCritical: true,
    select: 'cider',
    epochs: 25,
    batchSize: 12,
    samples: 4,
    learningRate: 5e-3,
    schedule: 'constant',
    dropout: { image: 0, embedding: 0, output: 0 },
    seed: 2,
  };

  /** A model that has begun to learn by cross-entropy. */
  let start: Arrays;
  beforeAll(async () => {
    const { weights } = await train(config, data, { ...base, epochs: 12, learningRate: 0.02 }, one);
    start = weights;
  });

  const run = (changed: Partial<TrainingOptions> = {}, files: TrainingFiles = { start }) =>
    train(config, data, { ...rewarding, ...changed }, one, files);

  /** CIDEr-D of the greedy captions of some weights. */
  async function ciderOf(weights: Arrays): Promise<number> {
    const validator = await Validator.create(config, weights, data, base, one);
    const { cider } = (await validator.run(async () => false))!;
    await validator.release();
    return cider;
  }

  it('raises the reward of what the model says, and returns the best epoch', async () => {
    const before = bytes(start);
    const { epochs, best, weights, outcome } = await run();
    expect(outcome).toEqual({ kind: 'finished' });
    expect(epochs.map(({ epoch }) => epoch)).toEqual(Array.from({ length: 26 }, (_, i) => i));
    expect(epochs[0]).toMatchObject({ stage: 'self-critical', reward: null, learningRate: 0, seconds: 0 });
    expect(epochs[0].validationCider).toBeCloseTo(await ciderOf(start), 10);
    for (const { trainLoss, reward } of epochs.slice(1)) {
      expect(trainLoss).toBeNull();
      expect(reward).toBeGreaterThan(0);
    }
    expect(epochs.at(-1)!.reward!).toBeGreaterThan(1.5 * epochs[1].reward!);
    const highest = Math.max(...epochs.map(({ validationCider }) => validationCider));
    expect(best!.validationCider).toBe(highest);
    expect(highest).toBeGreaterThan(epochs[0].validationCider);
    expect(await ciderOf(weights)).toBeCloseTo(highest, 10);
    // The model that it started from is as it was.
    expect(bytes(start)).toEqual(before);
  });

  it('keeps the model that it started from where nothing gets better', async () => {
    const { best, epochs, weights } = await run({ learningRate: 0, patience: 2 });
    expect(best!.epoch).toBe(0);
    expect(epochs.map(({ epoch }) => epoch)).toEqual([0, 1, 2]);
    expect(bytes(weights)).toEqual(bytes(start));
  });

  it('gives the same weights for the same seed, and others for another', async () => {
    const short = async (seed: number) => {
      // The weights after two epochs, whether they are better or not.
      const { weights, epochs } = await run({ epochs: 2, seed, select: 'loss', patience: 9 });
      return { weights: bytes(weights), epochs: timeless(epochs) };
    };
    const first = await short(1);
    expect(await short(1)).toEqual(first);
    expect((await short(2)).epochs).not.toEqual(first.epochs);
  });

  it('needs a model to start from', async () => {
    await expect(run({}, {})).rejects.toThrow(
      'expected a model to start self-critical training from but got none',
    );
    await expect(run({}, {})).rejects.toBeInstanceOf(UserError);
  });

  it('needs two samples to compare', async () => {
    const weights = initialWeights(config, new Random(1));
    await expect(run({ samples: 1 }, { start: weights })).rejects.toThrow(
      'expected at least 2 samples an image to compare but got 1',
    );
  });

  it.each([{ textEpochs: 1 }, { scheduledSampling: 0.1 }, { labelSmoothing: 0.1 }])(
    'goes without %o, which belongs to the training before it',
    async (changed) => {
      const text = changed.textEpochs ? set : data.text;
      await expect(
        train(config, { ...data, text }, { ...rewarding, ...changed }, one, { start }),
      ).rejects.toThrow(
        'expected self-critical training without epochs on text, scheduled sampling and label smoothing',
      );
    },
  );
});
