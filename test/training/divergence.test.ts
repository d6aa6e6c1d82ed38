import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { initialWeights } from '../../src/decoder/parameters.ts';
import { Random } from '../../src/random.ts';
import { CaptionSet } from '../../src/training/caption-set.ts';
import { readCheckpoint } from '../../src/training/checkpoint.ts';
import { fingerprint } from '../../src/training/fingerprint.ts';
import type { TrainingOptions } from '../../src/training/options.ts';
import { type TrainingData, train } from '../../src/training/trainer.ts';
import { rowsOf } from '../helpers/feature-rows.ts';
import {
  bytes,
  contradiction,
  data,
  examples,
  F,
  I,
  matrix,
  one,
  options,
  smaller,
  temporary,
  timeless,
} from './tiny-run.ts';

/** A merge model passes what is wrong with an image straight on to the logits. */
const config = { ...smaller, mode: 'merge' } as const;

/** The same data, whose features `spoil` is done to once `spoilt` says so. */
function spoilable(spoil: (value: number) => number, base: TrainingData = data) {
  const rows = rowsOf(matrix, F);
  const switched = { spoilt: false };
  const view = {
    copyRow: (row: number, into: Float32Array, offset: number) => {
      rows.copyRow(row, into, offset);
      if (!switched.spoilt) return;
      for (let i = offset; i < offset + F; i++) into[i] = spoil(into[i]);
    },
  };
  return { switched, data: { ...base, features: { featureSize: F, views: [view] } } };
}

/** Trains for two epochs, then on with spoilt features; and what two epochs alone come to. */
async function spoiltAfterTwo(
  spoil: (value: number) => number,
  settings: TrainingOptions,
  base: TrainingData,
) {
  const { switched, data: own } = spoilable(spoil, base);
  const path = temporary('diverged.safetensors');
  const before = temporary('before.safetensors');
  const good = await train(config, own, { ...settings, epochs: 2 }, one, { checkpoint: before });
  const result = await train(config, own, settings, one, {
    checkpoint: path,
    onEpoch: ({ epochs }) => {
      switched.spoilt = epochs.length === 2;
    },
  });
  const id = fingerprint(config, own, settings, null);
  return { result, good, state: await readCheckpoint(path, id), before: await readCheckpoint(before, id) };
}

describe('a training whose loss is no number any more', () => {
  // The second epoch is worse than the first one, so that the best is not the latest.
  const settings = { ...options, epochs: 5, averaging: 0, learningRate: 0.1 };
  const base = { ...data, validation: contradiction };

  it('ends with the weights of its best epoch, and the last good state on disk', async () => {
    const { result, good, state, before } = await spoiltAfterTwo(() => Number.NaN, settings, base);
    expect(result.outcome).toEqual({
      kind: 'diverged',
      complaint: 'the loss became NaN in epoch 3 (step 5)',
    });
    expect(result.best!.epoch).toBe(1);
    expect(result.epochs.length).toBe(2);
    expect(bytes(result.weights)).toEqual(bytes(good.weights));
    expect(bytes(result.weights)).not.toEqual(bytes(state.weights));
    expect(bytes(state.weights)).toEqual(bytes(before.weights));
    expect(Object.values(state.slots).map(bytes)).toEqual(Object.values(before.slots).map(bytes));
    expect(timeless(state.progress)).toEqual(timeless(before.progress));
    expect(state.best!.epoch).toBe(1);
  });

  it('says so in its first step, and writes nothing', async () => {
    const { switched, data: broken } = spoilable(() => Number.NaN);
    switched.spoilt = true;
    const checkpoint = temporary('none.safetensors');
    const { outcome, best, weights } = await train(config, broken, options, one, { checkpoint });
    expect(outcome).toEqual({ kind: 'diverged', complaint: 'the loss became NaN in epoch 1 (step 1)' });
    expect(best).toBeNull();
    expect(existsSync(checkpoint)).toBe(false);
    expect(bytes(weights)).toEqual(bytes(initialWeights(config, new Random(options.seed))));
  });

  it('looks at the validation loss, too', async () => {
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

  it('and at the gradient', async () => {
    // The image counts for nothing, but its gradient is beyond float32.
    const start = initialWeights(config, new Random(1));
    start.get('image.W')!.fill(0);
    start.get('output.W')!.set(start.get('output.W')!.map((w) => 1e3 * w));
    const huge = [rowsOf(new Float32Array(I * F).fill(3e38), F)];
    const own = { ...data, features: { featureSize: F, views: huge } };
    const { outcome, best, weights } = await train(config, own, options, one, { start });
    expect(outcome).toEqual({
      kind: 'diverged',
      complaint: 'the gradient became Infinity in epoch 1 (step 1)',
    });
    expect(best!.epoch).toBe(0);
    expect(bytes(weights)).toEqual(bytes(start));
  });

  it.each([1e30, 1e38])(
    'or whose weights went out of all bounds at a learning rate of %d',
    async (learningRate) => {
      for (const optimizer of ['sgd', 'adam'] as const) {
        const settings = { ...options, optimizer, learningRate, batchSize: 6 };
        const { outcome } = await train({ ...config, cell: 'lstm' }, data, settings, one);
        expect(outcome).toMatchObject({
          kind: 'diverged',
          complaint: expect.stringMatching(/became (NaN|Infinity)/),
        });
      }
    },
  );
});

describe('a training whose loss explodes', () => {
  /** Long enough for a point of the curve in every epoch: 24 steps. */
  const many = CaptionSet.of(Array.from({ length: 24 }, (_, i) => examples[i % I]));
  const settings = { ...options, batchSize: 1, epochs: 5, averaging: 0 };

  it('ends at the next point of the curve, with the last good state on disk', async () => {
    const base = { ...data, train: many };
    const { result, good, state, before } = await spoiltAfterTwo((value) => 1e4 * value, settings, base);
    expect(result.outcome).toEqual({
      kind: 'diverged',
      complaint: expect.stringMatching(
        /^the loss rose to \d+\.\d in epoch 3 \(step \d+\), where guessing would give 2\.6$/,
      ),
    });
    expect(result.epochs.length).toBe(2);
    // The points before, not the one that exploded.
    expect(result.curve.map(({ step }) => step)).toEqual([20, 40]);
    expect(bytes(result.weights)).toEqual(bytes(good.weights));
    expect(bytes(state.weights)).toEqual(bytes(before.weights));
    expect(timeless(state.progress)).toEqual(timeless(before.progress));
  });

  it('keeps the model that it started from where the learning rate is far too high', async () => {
    const start = initialWeights(config, new Random(3));
    const checkpoint = temporary('start.safetensors');
    const wild = { ...settings, learningRate: 300 };
    const own = { ...data, train: many };
    const { outcome, best, weights } = await train(config, own, wild, one, { start, checkpoint });
    expect(outcome).toMatchObject({
      kind: 'diverged',
      complaint: expect.stringMatching(/^the loss rose to/),
    });
    expect(best!.epoch).toBe(0);
    expect(bytes(weights)).toEqual(bytes(start));
    const state = await readCheckpoint(checkpoint, fingerprint(config, own, wild, start));
    expect(state.progress).toMatchObject({ step: 0, epoch: 0 });
    expect(bytes(state.weights)).toEqual(bytes(start));
  });

  it('is not one that is only somewhat worse than guessing', async () => {
    const own = { ...data, train: many };
    const { outcome } = await train(config, own, { ...settings, epochs: 1, learningRate: 0.05 }, one);
    expect(outcome).toEqual({ kind: 'finished' });
  });
});
