import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { DecoderConfig } from '../decoder/config.ts';
import { initialWeights } from '../decoder/parameters.ts';
import { UserError } from '../errors.ts';
import type { SessionOptions } from '../onnx/session.ts';
import { Random } from '../random.ts';
import { assembleBatch, epochBatches, type FeatureViews } from './batches.ts';
import type { CaptionSet } from './caption-set.ts';
import { type EpochSummary, readCheckpoint, type TrainingState, writeCheckpoint } from './checkpoint.ts';
import { type Arrays, adamInit, adamUpdate, averageUpdate, clipScale, globalNorm } from './optimizer.ts';
import type { TrainingOptions } from './options.ts';
import { Stepper } from './stepper.ts';

/** Captions to learn from and captions to stop by, over the same features. */
export interface TrainingData {
  /** What the features and the word ids stand for (encoder, vocabulary): a checkpoint only goes on with the same. */
  readonly source: string;
  readonly features: FeatureViews;
  readonly train: CaptionSet;
  readonly validation: CaptionSet;
}

/** How training stands, a few times a second. */
interface Progress {
  readonly epoch: number;
  readonly batch: number;
  readonly batches: number;
  /** Mean loss of the epoch so far, nats a word. */
  readonly loss: number;
  readonly captionsPerSecond: number;
  /** Seconds until all epochs are done, if none is spared by early stopping. */
  readonly secondsLeft: number;
}

export interface Hooks {
  readonly onProgress?: (progress: Progress) => void;
  readonly onEpoch?: (summary: EpochSummary, best: boolean) => void;
  /** When aborted, training writes its checkpoint and returns. */
  readonly signal?: AbortSignal;
  /** Where the state is kept: every few minutes, after every epoch and when interrupted. */
  readonly checkpoint?: string;
  /** Go on from the checkpoint if there is one. */
  readonly resume?: boolean;
  /** Weights to start from instead of random ones (a model trained before). */
  readonly initial?: Arrays;
}

export interface TrainingResult {
  /** The best by validation loss, or the latest if it came to none. */
  readonly weights: Arrays;
  readonly epoch: number;
  readonly validationLoss: number | null;
  readonly history: readonly EpochSummary[];
  readonly interrupted: boolean;
}

const CHECKPOINT_SECONDS = 180;

/**
 * Teacher forcing with cross-entropy, Adam and clipping by global norm; keeps the weights of the epoch with
 * the lowest validation loss. The same data, options, seed and threads give the same weights, also across a
 * resume.
 */
export async function train(
  config: DecoderConfig,
  data: TrainingData,
  options: TrainingOptions,
  session: SessionOptions = {},
  hooks: Hooks = {},
): Promise<TrainingResult> {
  if (data.train.length === 0) throw new UserError('expected at least one caption to train on but got none');
  if (data.validation.length === 0)
    throw new UserError('expected at least one validation caption but got none');
  const id = fingerprint(config, data, options);
  const state = await initialState(config, options, id, hooks);
  const { dropout, maxSteps } = options;
  const stepper = await Stepper.create(config, state.weights, maxSteps, dropout, session);
  try {
    const validator = await Stepper.create(config, kept(state), maxSteps, null, session);
    try {
      return await new Run(data, options, hooks, state, id, stepper, validator).finish();
    } finally {
      await validator.release();
    }
  } finally {
    await stepper.release();
  }
}

/** One call of `train`: the state and what moves it on. */
class Run {
  private readonly root: Random;
  private saved = performance.now();

  constructor(
    private readonly data: TrainingData,
    private readonly options: TrainingOptions,
    private readonly hooks: Hooks,
    private readonly state: TrainingState,
    private readonly id: string,
    private readonly stepper: Stepper,
    private readonly validator: Stepper,
  ) {
    this.root = new Random(options.seed);
  }

  async finish(): Promise<TrainingResult> {
    const { state, options } = this;
    while (state.epoch < options.epochs && !stale(state, options.patience)) {
      const validationLoss = (await this.learn()) ? await this.validationLoss() : null;
      if (validationLoss === null) {
        await this.save();
        return result(state, true);
      }
      this.endEpoch(validationLoss);
      await this.save();
    }
    return result(state, false);
  }

  /** The rest of the present epoch's steps; false if it was interrupted. */
  private async learn(): Promise<boolean> {
    const { state, options, hooks } = this;
    const batches = epochBatches(this.data.train, options.batchSize, this.root.fork(state.epoch));
    const before = state.epochSeconds;
    const started = performance.now();
    let captions = 0;
    while (state.batch < batches.length) {
      captions += await this.step(batches[state.batch]);
      const seconds = (performance.now() - started) / 1000;
      state.epochSeconds = before + seconds;
      const rate = captions / seconds;
      const left = (batches.length - state.batch) * options.batchSize;
      hooks.onProgress?.({
        epoch: state.epoch + 1,
        batch: state.batch,
        batches: batches.length,
        loss: state.epochLoss / state.batch,
        captionsPerSecond: rate,
        secondsLeft: (left + (options.epochs - state.epoch - 1) * this.data.train.length) / rate,
      });
      if (await this.interrupted()) return false;
      if (performance.now() - this.saved > CHECKPOINT_SECONDS * 1000) await this.save();
    }
    return true;
  }

  /** One step of the optimizer; returns the number of captions. */
  private async step(captions: readonly number[]): Promise<number> {
    const { data, state, options, stepper } = this;
    // Every step has its own generator, so that a resumed run draws what the uninterrupted one would.
    const random = this.root.fork(2 ** 32 + state.adam.step);
    const examples = captions.map((i) => data.train.at(i));
    const batch = assembleBatch(examples, data.features, options.maxSteps, random);
    const loss = this.finite(await stepper.run(batch, random), 'loss');
    const scale = clipScale(globalNorm(stepper.gradients), options.clipNorm);
    adamUpdate(state.weights, stepper.gradients, state.adam, this.learningRate, scale);
    if (state.average) averageUpdate(state.average, state.weights, options.averaging, state.adam.step);
    state.epochLoss += loss;
    state.batch++;
    return batch.captions;
  }

  /** Mean loss in nats a word without dropout; null if it was interrupted. */
  private async validationLoss(): Promise<number | null> {
    const { data, options, validator } = this;
    // The order doesn't matter for a sum; bucketing only saves time.
    const random = new Random(0);
    let total = 0;
    let words = 0;
    for (const captions of epochBatches(data.validation, options.batchSize, random)) {
      const examples = captions.map((i) => data.validation.at(i));
      const batch = assembleBatch(examples, data.features, options.maxSteps);
      total += (await validator.run(batch, random)) * batch.words;
      words += batch.words;
      if (await this.interrupted()) return null;
    }
    return this.finite(total / words, 'validation loss');
  }

  private endEpoch(validationLoss: number): void {
    const { state } = this;
    const summary: EpochSummary = {
      epoch: state.epoch + 1,
      trainLoss: state.epochLoss / state.batch,
      validationLoss,
      learningRate: this.learningRate,
      seconds: state.epochSeconds,
    };
    const better = state.best === null || validationLoss < state.best.loss;
    if (better) state.best = { weights: copy(kept(state)), epoch: summary.epoch, loss: validationLoss };
    state.history.push(summary);
    state.epoch++;
    state.batch = 0;
    state.epochLoss = 0;
    state.epochSeconds = 0;
    this.hooks.onEpoch?.(summary, better);
  }

  private get learningRate(): number {
    return this.options.learningRate * this.options.learningRateDecay ** this.state.epoch;
  }

  /** onnxruntime blocks this thread; a turn of the event loop lets Ctrl-C and timers in. */
  private async interrupted(): Promise<boolean> {
    await new Promise((resolve) => setImmediate(resolve));
    return this.hooks.signal?.aborted ?? false;
  }

  private finite(loss: number, name: string): number {
    if (Number.isFinite(loss)) return loss;
    throw new UserError(`the ${name} became ${loss} in epoch ${this.state.epoch + 1}`, {
      hint: 'try a lower --learning-rate or --clip-norm; the last checkpoint is kept',
    });
  }

  private async save(): Promise<void> {
    if (this.hooks.checkpoint) await writeCheckpoint(this.hooks.checkpoint, this.state, this.id);
    this.saved = performance.now();
  }
}

/** The weights that are validated and kept. */
function kept(state: TrainingState): Arrays {
  return state.average ?? state.weights;
}

async function initialState(
  config: DecoderConfig,
  options: TrainingOptions,
  run: string,
  { checkpoint, resume, initial }: Hooks,
): Promise<TrainingState> {
  if (resume && checkpoint && existsSync(checkpoint)) return readCheckpoint(checkpoint, run);
  const weights = initial ? copy(initial) : initialWeights(config, new Random(options.seed));
  return {
    weights,
    average: options.averaging > 0 ? copy(weights) : null,
    adam: adamInit(weights),
    best: null,
    epoch: 0,
    batch: 0,
    epochLoss: 0,
    epochSeconds: 0,
    history: [],
  };
}

function copy(arrays: Arrays): Map<string, Float32Array> {
  return new Map([...arrays].map(([name, values]) => [name, values.slice()]));
}

/** What must be the same for a checkpoint to go on; the number of epochs and the patience may change. */
function fingerprint(config: DecoderConfig, data: TrainingData, options: TrainingOptions): string {
  const { epochs: _, patience: __, ...rest } = options;
  const { source, train, validation, features } = data;
  // The JSON array [source, train, validation] piece by piece: whole it might be longer than strings can be.
  const content = createHash('sha256').update(`[${JSON.stringify(source)}`);
  for (const captions of [train, validation]) {
    content.update(',[');
    for (let i = 0; i < captions.length; i++) {
      content.update((i > 0 ? ',' : '') + JSON.stringify(captions.at(i)));
    }
    content.update(']');
  }
  const digest = content.update(']').digest('hex');
  return JSON.stringify({ config, options: rest, views: features.views.length, content: digest });
}

/** No lower validation loss for `patience` epochs. */
function stale(state: TrainingState, patience: number): boolean {
  return state.best !== null && state.epoch - state.best.epoch >= patience;
}

function result(state: TrainingState, interrupted: boolean): TrainingResult {
  return {
    weights: state.best?.weights ?? kept(state),
    epoch: state.best?.epoch ?? state.epoch,
    validationLoss: state.best?.loss ?? null,
    history: state.history,
    interrupted,
  };
}
