import { Random } from '../random.ts';
import { writeCheckpoint } from './checkpoint.ts';
import { clipScale, clipValues, globalNorm } from './clipping.ts';
import { GradientSum } from './gradient-sum.ts';
import { addTo, type History, historyOf, meansOf } from './history.ts';
import type { Objective } from './objective.ts';
import { averageUpdate, updateWeights } from './optimizer.ts';
import type { TrainingOptions } from './options.ts';
import type { EpochSummary } from './run-record.ts';
import { learningRateAt } from './schedule.ts';
import { isBetter } from './selection.ts';
import { copyOf, kept, NO_STEPS, type Totals, type TrainingState } from './state.ts';
import type { Stepper } from './stepper.ts';
import type { Validator } from './validator.ts';

/** How training stands, after every batch. */
export interface LiveProgress {
  readonly epoch: number;
  readonly epochs: number;
  readonly batch: number;
  readonly batches: number;
  readonly stage: Objective['stage'];
  /** Mean of the epoch so far: loss in nats a word, or reward (CIDEr-D) in self-critical training. */
  readonly figure: number;
  readonly captionsPerSecond: number;
  /** Seconds until all epochs are done, if none is spared by early stopping. */
  readonly secondsLeft: number;
}

export interface Hooks {
  readonly onProgress?: (progress: LiveProgress) => void;
  /** The latest epoch is the last of `epochs`. */
  readonly onEpoch?: (history: History) => void | Promise<void>;
  /** When aborted, training writes its checkpoint and returns. */
  readonly signal?: AbortSignal;
}

/** How a training ended. */
export type Outcome =
  | { readonly kind: 'finished' | 'interrupted' }
  /** What became of the loss, and when. */
  | { readonly kind: 'diverged'; readonly complaint: string };

/** What a training runs on. */
interface Parts {
  readonly options: TrainingOptions;
  readonly state: TrainingState;
  /** V */
  readonly vocabularySize: number;
  /** Whether it goes on from a trained model, whose scores are then those of epoch 0. */
  readonly startsTrained: boolean;
  readonly stepper: Stepper;
  /** Of the weights that are kept. */
  readonly validator: Validator;
  readonly objectives: (epoch: number) => Objective;
  readonly checkpoint?: { readonly path: string; readonly id: string };
  readonly hooks: Hooks;
}

const CHECKPOINT_SECONDS = 180;

/** Steps that one point of the curves is the mean of. */
const POINT_STEPS = 20;

/** A point of the curve with a loss this many times that of guessing (log V) is no training any more. */
const EXPLODED = 2;

/** The loss, the gradient or a score is no number, or far worse than guessing. */
class Divergence extends Error {}

/** One call of `train`: the state and what moves it on, step by step and epoch by epoch. */
export class TrainingLoop {
  private readonly root: Random;
  private readonly sum: GradientSum | null;
  /** Epochs in all. */
  private readonly total: number;
  private saved = performance.now();

  constructor(private readonly parts: Parts) {
    const { options, stepper } = parts;
    this.root = new Random(options.seed);
    this.sum = options.accumulate > 1 ? new GradientSum(stepper.gradients) : null;
    this.total = options.textEpochs + options.epochs;
  }

  async run(): Promise<Outcome> {
    try {
      return { kind: (await this.epochs()) ? 'finished' : 'interrupted' };
    } catch (error) {
      // Nothing is saved: the checkpoint is the last good state.
      if (error instanceof Divergence) return { kind: 'diverged', complaint: error.message };
      throw error;
    }
  }

  /** False if it was interrupted; the checkpoint is written either way. */
  private async epochs(): Promise<boolean> {
    const { state, startsTrained } = this.parts;
    const { progress } = state;
    let unmeasured = startsTrained && progress.epochs.length === 0;
    while (unmeasured || (progress.epoch < this.total && !this.stale())) {
      const done = unmeasured
        ? await this.endEpoch(0)
        : (await this.learn()) && (await this.endEpoch(progress.epoch + 1));
      await this.save();
      if (!done) return false;
      unmeasured = false;
    }
    return true;
  }

  /** The rest of the present epoch's steps; false if it was interrupted. */
  private async learn(): Promise<boolean> {
    const { state, options, objectives } = this.parts;
    const { progress } = state;
    const objective = objectives(progress.epoch);
    const batches = objective.batches(this.root.fork(progress.epoch));
    let last = performance.now();
    while (progress.batch < batches.length) {
      const group = batches.slice(progress.batch, progress.batch + options.accumulate);
      const totals = await this.step(group, objective, progress.epoch + progress.batch / batches.length);
      const now = performance.now();
      totals.seconds = (now - last) / 1000;
      last = now;
      addTo(progress.ofEpoch, totals);
      addTo(progress.ofPoint, totals);
      if (progress.ofPoint.steps === POINT_STEPS) {
        this.endPoint(objective, progress.epoch + progress.batch / batches.length);
      }
      this.tell(objective, batches.length);
      if (await this.interrupted()) return false;
      // At a point of the curve the state is known to be sane.
      const due = performance.now() - this.saved > CHECKPOINT_SECONDS * 1000;
      if (due && progress.ofPoint.steps === 0) await this.save();
    }
    return true;
  }

  private tell({ stage }: Objective, batches: number): void {
    const { state, hooks } = this.parts;
    const { epoch, batch, ofEpoch } = state.progress;
    const left = (this.total - epoch) * batches - batch;
    hooks.onProgress?.({
      epoch: epoch + 1,
      epochs: this.total,
      batch,
      batches,
      stage,
      figure: ofEpoch.figure / ofEpoch.batches,
      captionsPerSecond: ofEpoch.captions / ofEpoch.seconds,
      secondsLeft: (left * ofEpoch.seconds) / ofEpoch.batches,
    });
  }

  /** One step of the optimizer, over `accumulate` batches. */
  private async step(
    group: readonly (readonly number[])[],
    objective: Objective,
    epochsDone: number,
  ): Promise<Totals> {
    const { state, options, stepper } = this.parts;
    const { progress } = state;
    // Every step has its own generator, so that a resumed run draws what the uninterrupted one would.
    const random = this.root.fork(2 ** 32 + progress.step++);
    const totals = { ...NO_STEPS };
    this.sum?.clear();
    for (const numbers of group) {
      const { batch, reward } = await objective.assemble(numbers, random, epochsDone / this.total);
      const loss = await stepper.run(batch, random);
      this.expectNumber(loss, 'loss');
      this.sum?.add(stepper.gradients, batch.words);
      totals.figure += reward ?? loss;
      totals.captions += batch.captions;
      totals.batches++;
    }
    const gradients = this.sum?.mean() ?? stepper.gradients;
    if (options.clipValue > 0) clipValues(gradients, options.clipValue);
    const norm = globalNorm(gradients);
    this.expectNumber(norm, 'gradient');
    progress.learningRate = this.learningRate(epochsDone);
    updateWeights(options.optimizer, state.weights, gradients, state.slots, {
      step: progress.step,
      learningRate: progress.learningRate,
      scale: clipScale(norm, options.clipNorm),
      momentum: options.momentum,
      weightDecay: options.weightDecay,
    });
    if (state.average) averageUpdate(state.average, state.weights, options.averaging, progress.step);
    progress.batch += group.length;
    return { ...totals, steps: 1, norm };
  }

  /** Validates, and writes down what the epoch came to; false if it was interrupted. */
  private async endEpoch(epoch: number): Promise<boolean> {
    const { state, options, hooks, objectives, validator } = this.parts;
    const { progress } = state;
    const found = await validator.run(() => this.interrupted());
    if (found === null) return false;
    const { stage } = objectives(Math.max(0, epoch - 1));
    const { ofEpoch } = progress;
    const summary: EpochSummary = {
      epoch,
      ...meansOf(stage, ofEpoch),
      validationLoss: this.expectNumber(found.loss, 'validation loss'),
      validationCider: found.cider,
      distinct: found.distinct,
      learningRate: progress.learningRate,
      captionsPerSecond: ofEpoch.seconds > 0 ? ofEpoch.captions / ofEpoch.seconds : 0,
      seconds: ofEpoch.seconds,
    };
    if (isBetter(summary, historyOf(state).best, options.select)) {
      state.best = { weights: copyOf(kept(state)), epoch };
    }
    progress.epochs.push(summary);
    progress.watched.push(found.watched);
    progress.epoch = epoch;
    progress.batch = 0;
    progress.ofEpoch = { ...NO_STEPS };
    await hooks.onEpoch?.(historyOf(state));
    return true;
  }

  /** A point of the curves from the steps since the last one. */
  private endPoint({ stage }: Objective, epochsDone: number): void {
    const { progress } = this.parts.state;
    const { ofPoint } = progress;
    const { trainLoss: loss, reward, gradientNorm } = meansOf(stage, ofPoint);
    if (loss !== null) this.expectSane(loss);
    progress.curve.push({
      step: progress.step,
      epoch: epochsDone,
      loss,
      reward,
      gradientNorm,
      learningRate: progress.learningRate,
      captionsPerSecond: ofPoint.captions / ofPoint.seconds,
    });
    progress.ofPoint = { ...NO_STEPS };
  }

  /** @param epochsDone with the fraction of the present one */
  private learningRate(epochsDone: number): number {
    const { step, epoch, epochs } = this.parts.state.progress;
    // Captions without photographs say little of how those with them will go.
    const history = epochs.filter(({ stage }) => stage !== 'text');
    const place = { step, epoch, epochs: this.total, progress: epochsDone, history };
    return learningRateAt(this.parts.options, place);
  }

  /** No better epoch for `patience` epochs; those on text only prepare for the others, and don't count. */
  private stale(): boolean {
    const { best, progress } = this.parts.state;
    const { textEpochs, patience } = this.parts.options;
    return best !== null && progress.epoch - Math.max(best.epoch, textEpochs) >= patience;
  }

  /** onnxruntime blocks this thread; a turn of the event loop lets messages and timers in. */
  private async interrupted(): Promise<boolean> {
    await new Promise((resolve) => setImmediate(resolve));
    return this.parts.hooks.signal?.aborted ?? false;
  }

  private expectSane(loss: number): void {
    const guessing = Math.log(this.parts.vocabularySize);
    if (loss <= EXPLODED * guessing) return;
    throw new Divergence(
      `the loss rose to ${loss.toFixed(1)} in ${this.place()}, where guessing would give ${guessing.toFixed(1)}`,
    );
  }

  private expectNumber(value: number, name: string): number {
    if (Number.isFinite(value)) return value;
    throw new Divergence(`the ${name} became ${value} in ${this.place()}`);
  }

  private place(): string {
    const { epoch, step } = this.parts.state.progress;
    return `epoch ${epoch + 1} (step ${step})`;
  }

  private async save(): Promise<void> {
    const { checkpoint, state } = this.parts;
    if (checkpoint) await writeCheckpoint(checkpoint.path, state, checkpoint.id);
    this.saved = performance.now();
  }
}
