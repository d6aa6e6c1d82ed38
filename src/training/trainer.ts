import { existsSync } from 'node:fs';
import { OnnxDecoder } from '../captioning/onnx-decoder.ts';
import type { DecoderConfig } from '../decoder/config.ts';
import { UserError } from '../errors.ts';
import type { SessionOptions } from '../onnx/session.ts';
import type { Vocabulary } from '../text/vocabulary.ts';
import type { FeatureViews } from './batches.ts';
import type { CaptionSet } from './caption-set.ts';
import { readCheckpoint } from './checkpoint.ts';
import { CrossEntropy } from './cross-entropy.ts';
import { fingerprint } from './fingerprint.ts';
import { type History, historyOf } from './history.ts';
import type { ValidationImage } from './judge.ts';
import { type Hooks, type Outcome, TrainingLoop } from './loop.ts';
import type { Objective } from './objective.ts';
import type { Arrays } from './optimizer.ts';
import type { TrainingOptions } from './options.ts';
import { SelfCritical } from './self-critical.ts';
import { initialState, kept } from './state.ts';
import { Stepper } from './stepper.ts';
import { Validator } from './validator.ts';

/** Captions to learn from and captions to stop by, over the same features. */
export interface TrainingData {
  /** What the features and the word ids stand for (encoder, vocabulary): a checkpoint only goes on with the same. */
  readonly source: string;
  readonly vocabulary: Vocabulary;
  readonly features: FeatureViews;
  readonly train: CaptionSet;
  readonly validation: CaptionSet;
  /** Captions without photographs, for `textEpochs`. */
  readonly text: CaptionSet;
  /** The images of the validation captions. */
  readonly images: readonly ValidationImage[];
}

/** Where a training starts, and where it is kept. */
export interface TrainingFiles {
  /** Weights to start from instead of random ones (a model trained before). */
  readonly start?: Arrays | null;
  /** Where the state is kept: every few minutes, after every epoch and when interrupted. */
  readonly checkpoint?: string;
  /** Go on from the checkpoint if there is one. */
  readonly resume?: boolean;
}

export interface TrainingResult extends History {
  /** Those of the best epoch, or the latest if it came to none. */
  readonly weights: Arrays;
  readonly outcome: Outcome;
}

/**
 * Trains a decoder and keeps the weights of its best epoch. The same data, options, seed and threads give the
 * same weights, also across a resume.
 */
export async function train(
  config: DecoderConfig,
  data: TrainingData,
  options: TrainingOptions,
  session: SessionOptions = {},
  { start = null, checkpoint, resume, ...hooks }: TrainingFiles & Hooks = {},
): Promise<TrainingResult> {
  checkRun(data, options, start);
  const id = fingerprint(config, data, options, start);
  const state =
    resume && checkpoint !== undefined && existsSync(checkpoint)
      ? await readCheckpoint(checkpoint, id)
      : initialState(config, options, start);
  const releases: (() => Promise<void>)[] = [];
  const opened = <Resource extends { release(): Promise<void> }>(resource: Resource): Resource => {
    releases.push(() => resource.release());
    return resource;
  };
  try {
    const loss = {
      dropout: options.dropout,
      labelSmoothing: options.labelSmoothing,
      silence: options.selfCritical,
    };
    const { maxSteps } = options;
    const stepper = opened(await Stepper.create(config, state.weights, maxSteps, loss, session));
    const validator = opened(await Validator.create(config, kept(state), data, options, session));
    const learner =
      options.selfCritical || options.scheduledSampling > 0
        ? opened(await OnnxDecoder.ofWeights(config, state.weights, session))
        : null;
    const loop = new TrainingLoop({
      options,
      state,
      vocabularySize: config.vocabularySize,
      startsTrained: start !== null,
      stepper,
      validator,
      objectives: objectives(data, options, learner),
      ...(checkpoint === undefined ? {} : { checkpoint: { path: checkpoint, id } }),
      hooks,
    });
    const outcome = await loop.run();
    return { weights: state.best?.weights ?? kept(state), ...historyOf(state), outcome };
  } finally {
    for (const release of releases) await release();
  }
}

/** What each epoch learns from: `textEpochs` of captions without photographs, then the captions of photographs. */
function objectives(
  { features, text, train, vocabulary }: TrainingData,
  options: TrainingOptions,
  learner: OnnxDecoder | null,
): (epoch: number) => Objective {
  const main: Objective =
    options.selfCritical && learner
      ? new SelfCritical(train, features, vocabulary, options, learner)
      : new CrossEntropy('cross-entropy', train, features, options, learner);
  const first = new CrossEntropy('text', text, features, options, null);
  return (epoch) => (epoch < options.textEpochs ? first : main);
}

function checkRun({ train, validation, text }: TrainingData, options: TrainingOptions, start: Arrays | null) {
  if (train.length === 0) throw new UserError('expected at least one caption to train on but got none');
  if (validation.length === 0) throw new UserError('expected at least one validation caption but got none');
  if (options.textEpochs > 0 && text.length === 0) {
    throw new UserError('expected captions without photographs for the epochs on text but got none');
  }
  if (!options.selfCritical) return;
  if (start === null) {
    throw new UserError('expected a model to start self-critical training from but got none', {
      hint: 'train one with cross-entropy first: captions drawn from an untrained model earn no reward',
    });
  }
  if (options.samples < 2) {
    throw new UserError(`expected at least 2 samples an image to compare but got ${options.samples}`);
  }
  if (options.textEpochs > 0 || options.scheduledSampling > 0 || options.labelSmoothing > 0) {
    throw new UserError(
      'expected self-critical training without epochs on text, scheduled sampling and label smoothing',
      { hint: 'they belong to the cross-entropy training before it' },
    );
  }
}
