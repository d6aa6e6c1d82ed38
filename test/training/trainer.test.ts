import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CELLS, type DecoderConfig, MODES } from '../../src/decoder/config.ts';
import { Random } from '../../src/random.ts';
import { Vocabulary } from '../../src/text/vocabulary.ts';
import type { CaptionExample } from '../../src/training/batches.ts';
import { CaptionSet } from '../../src/training/caption-set.ts';
import type { Hooks } from '../../src/training/loop.ts';
import { TRAINING_DEFAULTS, type TrainingOptions } from '../../src/training/options.ts';
import { type TrainingData, type TrainingFiles, train } from '../../src/training/trainer.ts';
import { rowsOf } from '../helpers/feature-rows.ts';

const I = 6;
const F = 8;
const config: DecoderConfig = {
  cell: 'lstm',
  mode: 'pre',
  layers: 1,
  embeddingSize: 12,
  hiddenSize: 16,
  featureSize: F,
  vocabularySize: 14,
};
const random = new Random(11);
const matrix = Float32Array.from({ length: I * F }, () => random.normal());
const features = { featureSize: F, views: [rowsOf(matrix, F)] };
/** Each image has its own sentence, two to five words long. */
const examples: CaptionExample[] = Array.from({ length: I }, (_, image) => ({
  image,
  words: Array.from({ length: 2 + (image % 4) }, () => 4 + random.int(10)),
}));
const set = CaptionSet.of(examples);
const vocabulary = new Vocabulary([
  ...['<pad>', '<start>', '<end>', '<unk>'],
  ...Array.from({ length: 10 }, (_, i) => `w${i}`),
]);
const data: TrainingData = {
  source: 'a test',
  vocabulary,
  features,
  train: set,
  validation: set,
  text: CaptionSet.of([]),
  images: examples.map(({ words }, row) => ({
    key: `image ${row}`,
    image: `${row}.jpg`,
    row,
    references: [vocabulary.decode(words)],
  })),
};
const options: TrainingOptions = {
  ...TRAINING_DEFAULTS,
  epochs: 60,
  batchSize: 4,
  learningRate: 0.02,
  learningRateDecay: 1,
  dropout: { image: 0, embedding: 0, output: 0 },
  maxSteps: 6,
  patience: 60,
};
const one = { threads: 1 };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caption-train-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A summary or a point of the curves, without what depends on the clock. */
const timeless = ({ captionsPerSecond, seconds, ...rest }: { captionsPerSecond: number; seconds?: number }) =>
  rest;

const bytes = (weights: ReadonlyMap<string, Float32Array>) => [...weights].map(([k, w]) => [k, [...w]]);

describe('train', () => {
  for (const cell of CELLS) {
    for (const mode of MODES) {
      it(`learns a few captions by heart: ${cell}, ${mode}`, async () => {
        const { best, epochs } = await train({ ...config, cell, mode }, data, options, one);
        expect(epochs[0].validationLoss).toBeGreaterThan(1.5);
        expect(best!.validationLoss).toBeLessThan(0.1);
      });
    }
  }

  it('needs the image: without it the captions stay ambiguous', async () => {
    const blind = { featureSize: F, views: [rowsOf(new Float32Array(I * F), F)] };
    const { best } = await train(config, { ...data, features: blind }, options, one);
    expect(best!.validationLoss).toBeGreaterThan(0.3);
  });

  const withDropout = { ...options, epochs: 4, dropout: { image: 0.2, embedding: 0.3, output: 0.3 } };

  it('gives the same weights for the same seed, and others for another', async () => {
    const run = async (seed: number) =>
      bytes((await train(config, data, { ...withDropout, seed }, one)).weights);
    const first = await run(1);
    expect(await run(1)).toEqual(first);
    expect(await run(2)).not.toEqual(first);
  });

  it('resumes in the middle of an epoch and ends with the same bytes', async () => {
    const whole = await train(config, data, withDropout, one);
    const checkpoint = join(folder, 'resume.safetensors');
    for (let stops = 0; ; stops++) {
      const controller = new AbortController();
      let steps = 0;
      const hooks: TrainingFiles & Hooks = {
        checkpoint,
        resume: stops > 0,
        signal: controller.signal,
        onProgress: () => {
          if (++steps === 3) controller.abort();
        },
      };
      const part = await train(config, data, withDropout, one, hooks);
      if (part.outcome.kind === 'interrupted') continue;
      expect(stops).toBeGreaterThan(1);
      expect(bytes(part.weights)).toEqual(bytes(whole.weights));
      expect(part.epochs.map(timeless)).toEqual(whole.epochs.map(timeless));
      expect(part.curve.map(timeless)).toEqual(whole.curve.map(timeless));
      expect(part.watched).toEqual(whole.watched);
      break;
    }
  });

  it('refuses a checkpoint of another run', async () => {
    const checkpoint = join(folder, 'other.safetensors');
    await train(config, data, { ...withDropout, epochs: 1 }, one, { checkpoint });
    const other = { ...withDropout, learningRate: 0.5 };
    await expect(train(config, data, other, one, { checkpoint, resume: true })).rejects.toThrow(
      /other\.safetensors was made with other data or options/,
    );
  });

  it('refuses a checkpoint of other captions, however many', async () => {
    const checkpoint = join(folder, 'captions.safetensors');
    const short = { ...withDropout, epochs: 1 };
    await train(config, data, short, one, { checkpoint });
    const other = examples.map(({ image, words }) => ({
      image,
      words: words.map((w) => 4 + ((w + 1) % 10)),
    }));
    await expect(
      train(config, { ...data, train: CaptionSet.of(other) }, short, one, { checkpoint, resume: true }),
    ).rejects.toThrow(/was made with other data or options/);
  });

  it('refuses a checkpoint of other features or another vocabulary', async () => {
    const checkpoint = join(folder, 'source.safetensors');
    const short = { ...withDropout, epochs: 1 };
    await train(config, data, short, one, { checkpoint });
    const other = { ...data, source: 'another encoder' };
    await expect(train(config, other, short, one, { checkpoint, resume: true })).rejects.toThrow(
      /was made with other data or options/,
    );
  });

  it('refuses a validation loss that is no number', async () => {
    const views = [rowsOf(Float32Array.of(...matrix, ...new Array<number>(F).fill(Number.NaN)), F)];
    const validation = CaptionSet.of([{ image: I, words: [4, 5] }]);
    const broken = { ...data, validation, features: { featureSize: F, views } };
    const { outcome, best } = await train(config, broken, { ...options, epochs: 1 }, one);
    expect(outcome).toEqual({
      kind: 'diverged',
      complaint: expect.stringMatching(/^the validation loss became NaN in epoch 1 /),
    });
    expect(best).toBeNull();
  });

  it('can be interrupted while it validates, and goes on there', async () => {
    const checkpoint = join(folder, 'validating.safetensors');
    const short = { ...withDropout, epochs: 1 };
    const whole = await train(config, data, short, one);
    const controller = new AbortController();
    const hooks: TrainingFiles & Hooks = {
      checkpoint,
      signal: controller.signal,
      // The turn of the event loop behind the last step comes first, then the validation's.
      onProgress: ({ batch, batches }) => {
        if (batch === batches) setImmediate(() => setImmediate(() => controller.abort()));
      },
    };
    const part = await train(config, data, short, one, hooks);
    expect(part).toMatchObject({ outcome: { kind: 'interrupted' }, best: null });
    const rest = await train(config, data, short, one, { checkpoint, resume: true });
    expect(bytes(rest.weights)).toEqual(bytes(whole.weights));
  });

  it('stops early and keeps the best weights', async () => {
    // Nothing to learn: the validation captions contradict the training captions.
    const validation = examples.map(({ image, words }) => ({
      image,
      words: words.map((w) => 4 + ((w + 5) % 10)),
    }));
    const result = await train(
      config,
      { ...data, validation: CaptionSet.of(validation) },
      { ...options, patience: 3 },
      one,
    );
    expect(result.epochs.length).toBe(result.best!.epoch + 3);
    expect(result.best!.validationLoss).toBe(Math.min(...result.epochs.map((e) => e.validationLoss)));
  });

  it('stops with advice when the loss is no number', async () => {
    const broken = { featureSize: F, views: [rowsOf(new Float32Array(I * F).fill(Number.NaN), F)] };
    const { outcome } = await train(config, { ...data, features: broken }, options, one);
    expect(outcome).toEqual({ kind: 'diverged', complaint: 'the loss became NaN in epoch 1 (step 1)' });
  });

  it('says so when there is nothing to train on', async () => {
    await expect(train(config, { ...data, train: CaptionSet.of([]) }, options, one)).rejects.toThrow(
      'expected at least one caption to train on but got none',
    );
  });
});
