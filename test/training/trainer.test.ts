import { describe, expect, it } from 'vitest';
import { CELLS } from '../../src/decoder/cells/table.ts';
import type { DecoderConfig } from '../../src/decoder/config.ts';
import { initialWeights } from '../../src/decoder/parameters.ts';
import { PRESETS } from '../../src/decoder/presets.ts';
import { Random } from '../../src/random.ts';
import { Vocabulary } from '../../src/text/vocabulary.ts';
import { CaptionSet } from '../../src/training/caption-set.ts';
import type { LiveProgress } from '../../src/training/loop.ts';
import type { Arrays } from '../../src/training/optimizer.ts';
import type { TrainingOptions } from '../../src/training/options.ts';
import type { EpochSummary } from '../../src/training/run-record.ts';
import { isBetter } from '../../src/training/selection.ts';
import { type TrainingData, train } from '../../src/training/trainer.ts';
import { Validator } from '../../src/training/validator.ts';
import { rowsOf } from '../helpers/feature-rows.ts';
import { bytes, config, contradiction, data, F, I, matrix, one, options } from './tiny-run.ts';

/** Every preset, every other cell and what can be added to them, all small. */
const SIZES = { embeddingSize: 12, hiddenSize: 16 };
const DECODERS: Readonly<Record<string, DecoderConfig>> = {
  ...Object.fromEntries(
    Object.entries(PRESETS).map(([name, preset]) => [name, { ...config, ...preset, ...SIZES }]),
  ),
  ...Object.fromEntries(
    CELLS.filter((cell) => Object.values(PRESETS).every((preset) => preset.cell !== cell)).map((cell) => [
      cell,
      { ...config, cell, mode: 'par' },
    ]),
  ),
  'highway, learned state': { ...config, mode: 'par', layers: 3, highway: true, learnedState: true },
};

describe('train', () => {
  it.each(Object.keys(DECODERS))('learns a few captions by heart, and says them: %s', async (name) => {
    const { best, epochs, watched } = await train(DECODERS[name], data, options, one);
    expect(epochs[0].validationLoss).toBeGreaterThan(1.5);
    expect(best!.validationLoss).toBeLessThan(0.1);
    expect(watched.at(-1)).toEqual(data.images.map(({ references }) => references[0]));
  });

  it('learns them letter by letter, and says them', async () => {
    const letters = [...'w0123456789\u2423'];
    const spelling = new Vocabulary(['<pad>', '<start>', '<end>', '<unk>', ...letters], 'char');
    const captions = CaptionSet.of(
      data.images.map(({ row, references: [caption] }) => ({
        image: row,
        words: spelling.encodeCaption(caption),
      })),
    );
    const spelt = { ...data, vocabulary: spelling, train: captions, validation: captions };
    const decoder: DecoderConfig = {
      ...config,
      cell: 'gru',
      mode: 'merge',
      hiddenSize: 32,
      vocabularySize: spelling.size,
    };
    const { best, watched } = await train(decoder, spelt, { ...options, epochs: 80, maxSteps: 16 }, one);
    expect(best!.validationLoss).toBeLessThan(0.1);
    expect(watched.at(-1)).toEqual(data.images.map(({ references }) => references[0]));
  });

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

  it('learns with every option at once, in two views of the images', async () => {
    const mirrored = matrix.map((value) => -value);
    const both = {
      ...data,
      features: { featureSize: F, views: [...data.features.views, rowsOf(mirrored, F)] },
    };
    const { epochs, outcome } = await train(
      config,
      both,
      {
        ...withDropout,
        ...{ epochs: 60, textEpochs: 2, batchSize: 2, accumulate: 2, optimizer: 'adamw', weightDecay: 0.01 },
        ...{ schedule: 'cosine', warmup: 5, clipValue: 0.5, wordDropout: 0.1, featureNoise: 0.1 },
        ...{ labelSmoothing: 0.05, scheduledSampling: 0.2, averaging: 0.9, select: 'cider' },
      },
      one,
    );
    expect(outcome.kind).toBe('finished');
    expect(epochs.at(-1)!.validationLoss).toBeLessThan(0.5 * epochs[0].validationLoss);
    expect(epochs.at(-1)!.validationCider).toBeGreaterThan(1);
  });

  it('one step over several batches is the step over one batch of them all', async () => {
    const step = { ...options, epochs: 1, optimizer: 'sgd', learningRate: 1, averaging: 0 } as const;
    const whole = await train(config, data, { ...step, batchSize: 6 }, one);
    const parts = await train(config, data, { ...step, batchSize: 2, accumulate: 3 }, one);
    expect(bytes(parts.weights)).not.toEqual(bytes(initialWeights(config, new Random(1))));
    for (const [name, values] of whole.weights) {
      const others = parts.weights.get(name)!;
      for (const [i, value] of values.entries()) {
        expect(Math.abs(value - others[i]), `${name}[${i}]`).toBeLessThan(1e-5);
      }
    }
  });

  it('tells how it stands after every step', async () => {
    const seen: LiveProgress[] = [];
    const settings = { ...options, epochs: 2, textEpochs: 1, batchSize: 2, accumulate: 2 };
    await train(config, data, settings, one, { onProgress: (progress) => seen.push(progress) });
    expect(seen.map(({ epoch, batch, stage }) => [epoch, batch, stage])).toEqual([
      ...[1].flatMap((epoch) => [2, 3].map((batch) => [epoch, batch, 'text'])),
      ...[2, 3].flatMap((epoch) => [2, 3].map((batch) => [epoch, batch, 'cross-entropy'])),
    ]);
    for (const { epochs, batches, figure, captionsPerSecond, secondsLeft } of seen) {
      expect({ epochs, batches }).toEqual({ epochs: 3, batches: 3 });
      expect(figure).toBeGreaterThan(1);
      expect(captionsPerSecond).toBeGreaterThan(0);
      expect(secondsLeft).toBeGreaterThanOrEqual(0);
    }
    expect(seen.at(-1)!.secondsLeft).toBe(0);
  });

  it('draws a point of the curve every 20 steps', async () => {
    const { curve } = await train(config, data, { ...options, epochs: 8, batchSize: 1 }, one);
    expect(curve.map(({ step, epoch }) => [step, epoch])).toEqual([
      [20, expect.closeTo(20 / 6, 10)],
      [40, expect.closeTo(40 / 6, 10)],
    ]);
    for (const { loss, reward, gradientNorm, learningRate } of curve) {
      expect(loss).toBeGreaterThan(0);
      expect(gradientNorm).toBeGreaterThan(0);
      expect({ reward, learningRate }).toEqual({ reward: null, learningRate: 0.02 });
    }
    expect(curve[1].loss).toBeLessThan(curve[0].loss!);
  });

  it('clips what it tells of before clipping', async () => {
    const norms = async (changed: Partial<TrainingOptions>) => {
      const settings = { ...options, epochs: 1, batchSize: 6, ...changed };
      return (await train(config, data, settings, one)).epochs[0].gradientNorm;
    };
    const free = await norms({ clipNorm: 0 });
    expect(await norms({ clipNorm: 1e-3 })).toBe(free);
    // Clipping by value comes first.
    expect(await norms({ clipNorm: 0, clipValue: 1e-3 })).toBeLessThan(free);
  });

  it('says so when there is nothing to train on or to validate on', async () => {
    const none = CaptionSet.of([]);
    await expect(train(config, { ...data, train: none }, options, one)).rejects.toThrow(
      'expected at least one caption to train on but got none',
    );
    await expect(train(config, { ...data, validation: none }, options, one)).rejects.toThrow(
      'expected at least one validation caption but got none',
    );
    await expect(train(config, { ...data, text: none }, { ...options, textEpochs: 1 }, one)).rejects.toThrow(
      'expected captions without photographs for the epochs on text but got none',
    );
  });
});

describe('weights to start from', () => {
  it('are epoch 0, and go on to learn', async () => {
    const settings = { ...options, epochs: 3, averaging: 0, learningRate: 5e-3 };
    const { weights: start, best } = await train(config, data, { ...settings, epochs: 10 }, one);
    const saved = bytes(start);
    const { epochs, ...rest } = await train(config, data, { ...settings, seed: 5 }, one, { start });
    expect(epochs.map(({ epoch }) => epoch)).toEqual([0, 1, 2, 3]);
    expect(epochs[0]).toMatchObject({
      ...{ stage: 'cross-entropy', trainLoss: null, reward: null, gradientNorm: 0, learningRate: 0 },
      ...{ validationLoss: best!.validationLoss, captionsPerSecond: 0, seconds: 0 },
    });
    expect(rest.best!.epoch).toBe(3);
    expect(bytes(start)).toEqual(saved);
  });

  it('stay the best where nothing gets better', async () => {
    const start = initialWeights(config, new Random(9));
    const settings = { ...options, learningRate: 0, patience: 3 };
    const { best, epochs, weights } = await train(config, data, settings, one, { start });
    expect(best!.epoch).toBe(0);
    expect(epochs.map(({ epoch }) => epoch)).toEqual([0, 1, 2, 3]);
    expect(bytes(weights)).toEqual(bytes(start));
  });
});

describe('epochs on text', () => {
  const settings = { ...options, averaging: 0, epochs: 1, textEpochs: 15 };

  it('come first, and help the epochs with images', async () => {
    const { epochs } = await train(config, data, settings, one);
    expect(epochs.map(({ stage }) => stage)).toEqual([
      ...new Array<string>(15).fill('text'),
      'cross-entropy',
    ]);
    expect(epochs.every(({ trainLoss }) => trainLoss! > 0)).toBe(true);
    const without = await train(config, data, { ...settings, textEpochs: 0 }, one);
    expect(epochs.at(-1)!.validationLoss).toBeLessThan(0.8 * without.epochs[0].validationLoss);
  });

  it('teach nothing about images', async () => {
    const { weights } = await train(config, data, { ...settings, epochs: 0, patience: 99 }, one);
    const before = initialWeights(config, new Random(settings.seed));
    expect(weights.get('image.W')).toEqual(before.get('image.W'));
    expect(weights.get('embedding')).not.toEqual(before.get('embedding'));
  });

  it('are not what patience counts: the images have their turn', async () => {
    // Text in other words makes the captions of photographs less likely, epoch by epoch.
    const text = CaptionSet.of(
      Array.from({ length: 12 }, () => ({ image: null, words: [13, 13, 13, 13, 13] })),
    );
    const { epochs } = await train(config, { ...data, text }, { ...settings, epochs: 9, patience: 2 }, one);
    expect(epochs[10].validationLoss).toBeGreaterThan(epochs[0].validationLoss);
    expect(epochs.filter(({ stage }) => stage === 'cross-entropy').length).toBeGreaterThanOrEqual(2);
  });
});

describe('the best epoch', () => {
  it('is that of the lowest validation loss, and training stops when none is better for a while', async () => {
    const result = await train(
      config,
      { ...data, validation: contradiction },
      { ...options, patience: 3 },
      one,
    );
    expect(result.outcome).toEqual({ kind: 'finished' });
    expect(result.epochs.length).toBe(result.best!.epoch + 3);
    expect(result.best!.validationLoss).toBe(Math.min(...result.epochs.map((e) => e.validationLoss)));
    expect(await scoresOf(result.weights, { ...data, validation: contradiction })).toMatchObject({
      loss: expect.closeTo(result.best!.validationLoss, 5),
    });
  });

  it('or the first of the highest CIDEr-D', async () => {
    const settings = { ...options, epochs: 60, select: 'cider', patience: 12 } as const;
    const { best, epochs, weights } = await train(config, data, settings, one);
    const ciders = epochs.map(({ validationCider }) => validationCider);
    expect(best!.epoch).toBe(ciders.indexOf(Math.max(...ciders)) + 1);
    expect(best!.validationCider).toBeGreaterThan(5);
    expect(epochs.length).toBe(best!.epoch + 12);
    // The loss went on falling, which does not count.
    expect(epochs.at(-1)!.validationLoss).toBeLessThan(best!.validationLoss);
    expect((await scoresOf(weights, data)).cider).toBeCloseTo(best!.validationCider, 10);
  });

  it('decides when the learning rate falls on a plateau', async () => {
    for (const select of ['loss', 'cider'] as const) {
      const settings = {
        ...{ ...options, epochs: 12, select, averaging: 0 },
        ...({ schedule: 'plateau', learningRateDecay: 0.5, decayEvery: 1 } as const),
      };
      const worse = { ...data, validation: contradiction };
      const { epochs } = await train(config, worse, settings, one);
      let rate = options.learningRate;
      let best: EpochSummary | null = null;
      for (const epoch of epochs) {
        expect(epoch.learningRate).toBe(rate);
        if (isBetter(epoch, best, select)) best = epoch;
        else rate /= 2;
      }
      expect(rate).toBeLessThan(0.25 * options.learningRate);
    }
  });
});

/** What a validator says of some weights. */
async function scoresOf(weights: Arrays, of: TrainingData) {
  const validator = await Validator.create(config, weights, of, options, one);
  const found = await validator.run(async () => false);
  await validator.release();
  return found!;
}
