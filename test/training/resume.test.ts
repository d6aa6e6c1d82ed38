import { beforeAll, describe, expect, it } from 'vitest';
import { initialWeights } from '../../src/decoder/parameters.ts';
import { Random } from '../../src/random.ts';
import { CaptionSet } from '../../src/training/caption-set.ts';
import { readCheckpoint } from '../../src/training/checkpoint.ts';
import { fingerprint } from '../../src/training/fingerprint.ts';
import type { Hooks } from '../../src/training/loop.ts';
import type { Arrays } from '../../src/training/optimizer.ts';
import type { TrainingOptions } from '../../src/training/options.ts';
import {
  type TrainingData,
  type TrainingFiles,
  type TrainingResult,
  train,
} from '../../src/training/trainer.ts';
import { rowsOf } from '../helpers/feature-rows.ts';
import {
  bytes,
  contradiction,
  data,
  F,
  matrix,
  one,
  options,
  smaller,
  temporary,
  timeless,
} from './tiny-run.ts';

/** Sessions are made again and again: a graph as small as can be, in which captions are cut. */
const config = { ...smaller, cell: 'rnn', mode: 'init' } as const;
/** Two batches an epoch. */
const base: TrainingOptions = { ...options, epochs: 2, maxSteps: 4 };
const dropout = { image: 0.2, embedding: 0.3, output: 0.3 };

interface Run {
  readonly changed?: Partial<TrainingOptions>;
  readonly data?: TrainingData;
  readonly start?: Arrays;
}

/** Trains with a checkpoint, and gives back what the checkpoint holds at the end, too. */
async function trained(run: Run, path: string, { resume, ...hooks }: TrainingFiles & Hooks = {}) {
  const { changed, data: own = data, start = null } = run;
  const settings = { ...base, ...changed };
  const files = { start, checkpoint: path, resume: resume ?? false };
  const result = await train(config, own, settings, one, { ...files, ...hooks });
  const state = await readCheckpoint(path, fingerprint(config, own, settings, start));
  return { result, state };
}

/** Trains with an interruption after every single step, and how many there were. */
async function interrupted(run: Run, path: string) {
  for (let stops = 0; ; stops++) {
    const controller = new AbortController();
    const part = await trained(run, path, {
      resume: stops > 0,
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    if (part.result.outcome.kind !== 'interrupted') return { ...part, stops };
    // A step each, no more: what is to be done is done once.
    expect(part.state.progress.step).toBe(stops + 1);
  }
}

/** Everything but times, as plain data. */
const plain = ({
  result,
  state,
}: {
  result: TrainingResult;
  state: Awaited<ReturnType<typeof readCheckpoint>>;
}) => ({
  outcome: result.outcome,
  weights: bytes(result.weights),
  history: timeless([result.best, result.epochs, result.curve, result.watched]),
  checkpoint: {
    weights: bytes(state.weights),
    slots: Object.entries(state.slots).map(([slot, arrays]) => [slot, bytes(arrays)]),
    average: state.average && bytes(state.average),
    best: state.best && [state.best.epoch, bytes(state.best.weights)],
    progress: timeless(state.progress),
  },
});

const start = initialWeights(config, new Random(77));
const mirrored = rowsOf(
  matrix.map((value) => -value),
  F,
);
const views = { ...data, features: { featureSize: F, views: [...data.features.views, mirrored] } };

/** What each part of training is tried with. */
const RUNS: Readonly<Record<string, Run>> = {
  'SGD with momentum and weight decay': {
    changed: { optimizer: 'sgd', learningRate: 0.5, weightDecay: 0.01 },
  },
  Adagrad: { changed: { optimizer: 'adagrad' } },
  RMSProp: { changed: { optimizer: 'rmsprop' } },
  'Adam with L2': { changed: { weightDecay: 0.01 } },
  AdamW: { changed: { optimizer: 'adamw', weightDecay: 0.1 } },
  'clipping by norm': { changed: { clipNorm: 0.05 } },
  'clipping by value': { changed: { clipValue: 0.01 } },
  'no averaging': { changed: { averaging: 0 } },
  accumulation: { changed: { batchSize: 2, accumulate: 2 } },
  dropout: { changed: { dropout } },
  'word dropout': { changed: { wordDropout: 0.4 } },
  'feature noise': { changed: { featureNoise: 0.5 } },
  'two views': { data: views },
  'label smoothing': { changed: { labelSmoothing: 0.2 } },
  'scheduled sampling': { changed: { scheduledSampling: 0.9 } },
  'text first': { changed: { textEpochs: 1 } },
  'steps of the learning rate': { changed: { learningRateDecay: 0.3 } },
  'warm-up and cosine': { changed: { warmup: 3, schedule: 'cosine' } },
  'a plateau of CIDEr': {
    changed: {
      epochs: 3,
      schedule: 'plateau',
      select: 'cider',
      decayEvery: 1,
      learningRateDecay: 0.1,
      averaging: 0,
    },
  },
  'a model to start from': { start },
  'self-critical training': {
    start,
    changed: { selfCritical: true, select: 'cider', samples: 2, clipNorm: 0 },
  },
};

describe('interrupted after every step, training ends with the same state', () => {
  let without: unknown;
  beforeAll(async () => {
    const { weights } = await train(config, data, base, one);
    without = bytes(weights);
  });

  it.each(Object.entries(RUNS))('%s', async (_, run) => {
    const whole = await trained(run, temporary('whole.safetensors'));
    const parts = await interrupted(run, temporary('parts.safetensors'));
    expect(whole.result.outcome).toEqual({ kind: 'finished' });
    expect(parts.stops).toBe(whole.state.progress.step);
    expect(parts.stops).toBeGreaterThanOrEqual(4);
    expect(plain(parts)).toEqual(plain(whole));
    // And what is tried is in use.
    expect(bytes(whole.state.weights)).not.toEqual(without);
    expect(bytes(whole.result.weights)).not.toEqual(without);
  });

  it('everything at once, with points of the curve and early stopping', async () => {
    const run: Run = {
      data: { ...views, validation: contradiction },
      changed: {
        ...{
          epochs: 9,
          patience: 3,
          textEpochs: 1,
          batchSize: 1,
          learningRate: 0.1,
          averaging: 0.5,
          dropout,
        },
        ...{ wordDropout: 0.1, featureNoise: 0.1, labelSmoothing: 0.1, scheduledSampling: 0.5, warmup: 2 },
      },
    };
    const whole = await trained(run, temporary('whole.safetensors'));
    const parts = await interrupted(run, temporary('parts.safetensors'));
    expect(plain(parts)).toEqual(plain(whole));
    expect(whole.result.curve.length).toBeGreaterThanOrEqual(1);
    expect(whole.result.epochs.length).toBeLessThan(10);
  });
});

describe('a resumed training', () => {
  const run: Run = { changed: { dropout } };

  it('can have been interrupted while it validated', async () => {
    const whole = await trained(run, temporary('whole.safetensors'));
    for (const from of [undefined, start]) {
      const own = from ? { ...run, start: from } : run;
      const expected = from ? await trained(own, temporary('started.safetensors')) : whole;
      const path = temporary('parts.safetensors');
      const controller = new AbortController();
      const part = await trained(own, path, {
        signal: controller.signal,
        // The turn of the event loop behind the last step comes first, then the validation's.
        onProgress: ({ batch, batches }) => {
          if (batch === batches) setImmediate(() => setImmediate(() => controller.abort()));
        },
      });
      expect(part.result.outcome).toEqual({ kind: 'interrupted' });
      expect(part.state.progress).toMatchObject({ epoch: 0, batch: 2, step: 2 });
      expect(plain(await trained(own, path, { resume: true }))).toEqual(plain(expected));
    }
  });

  it('can have been interrupted before its first step', async () => {
    for (const own of [run, { ...run, start }]) {
      const path = temporary('parts.safetensors');
      const controller = new AbortController();
      controller.abort();
      const part = await trained(own, path, { signal: controller.signal });
      expect(part.result).toMatchObject({ outcome: { kind: 'interrupted' }, best: null });
      const whole = await trained(own, temporary('whole.safetensors'));
      expect(plain(await trained(own, path, { resume: true }))).toEqual(plain(whole));
    }
  });

  it('starts anew where there is no checkpoint, or nobody asks to go on', async () => {
    const whole = plain(await trained(run, temporary('whole.safetensors')));
    const path = temporary('again.safetensors');
    expect(plain(await trained(run, path, { resume: true }))).toEqual(whole);
    expect(plain(await trained(run, path))).toEqual(whole);
  });

  it('has nothing to do where all is done, and gives the same result', async () => {
    const path = temporary('done.safetensors');
    const whole = await trained(run, path);
    let steps = 0;
    const again = await trained(run, path, { resume: true, onProgress: () => steps++ });
    expect(steps).toBe(0);
    expect(plain(again)).toEqual(plain(whole));
  });

  it('may have more epochs than before, and another patience', async () => {
    const path = temporary('longer.safetensors');
    await trained(run, path);
    const longer: Run = { changed: { dropout, epochs: 4, patience: 9 } };
    const whole = await trained(longer, temporary('whole.safetensors'));
    expect(plain(await trained(longer, path, { resume: true }))).toEqual(plain(whole));
  });

  it.each<[string, Run]>([
    ['another learning rate', { changed: { dropout, learningRate: 0.5 } }],
    ['other captions, however many', { changed: { dropout }, data: { ...data, train: contradiction } }],
    ['other text', { changed: { dropout }, data: { ...data, text: CaptionSet.of([]) } }],
    ['another encoder or vocabulary', { changed: { dropout }, data: { ...data, source: 'another' } }],
    ['a model to start from', { changed: { dropout }, start }],
  ])('refuses the checkpoint of a run with %s', async (_, other) => {
    const path = temporary('other.safetensors');
    await trained(run, path);
    await expect(trained(other, path, { resume: true })).rejects.toThrow(
      `${path} was made with other data or options than this call`,
    );
  });
});
