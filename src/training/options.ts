import type { Dropout } from '../decoder/config.ts';
import type { TokenizerName } from '../text/tokenizer.ts';

export const OPTIMIZERS = ['sgd', 'adagrad', 'rmsprop', 'adam', 'adamw'] as const;
export type OptimizerName = (typeof OPTIMIZERS)[number];

export const SCHEDULES = ['constant', 'step', 'cosine', 'plateau'] as const;
type ScheduleName = (typeof SCHEDULES)[number];

/** What decides which epoch is best and when to stop: validation loss, or CIDEr-D of greedy captions. */
export const SELECTIONS = ['loss', 'cider'] as const;
export type Selection = (typeof SELECTIONS)[number];

/** Settings of a training. Shares are in [0, 1). */
export interface TrainingOptions {
  readonly epochs: number;
  /** B: captions of one pass through the graph (self-critical: photographs times samples). */
  readonly batchSize: number;
  /** Batches whose gradients make one step. */
  readonly accumulate: number;
  readonly optimizer: OptimizerName;
  readonly learningRate: number;
  /** Of SGD (heavy ball). */
  readonly momentum: number;
  /** L2 penalty added to the gradient; AdamW takes it off the weights instead (Loshchilov & Hutter 2019). */
  readonly weightDecay: number;
  readonly schedule: ScheduleName;
  /** `step` multiplies the learning rate by this every `decayEvery` epochs, `plateau` after that many without a better score. */
  readonly learningRateDecay: number;
  readonly decayEvery: number;
  /** Steps in which the learning rate rises from 0. */
  readonly warmup: number;
  /** Global gradient norm above which gradients are scaled down; 0 for no limit. */
  readonly clipNorm: number;
  /** Largest absolute value of a gradient; 0 for no limit. */
  readonly clipValue: number;
  readonly dropout: Dropout;
  /** Share of the input words that become <unk>. */
  readonly wordDropout: number;
  /** Standard deviation of the noise on image features, as a share of each vector's root mean square. */
  readonly featureNoise: number;
  /** Share of the target's probability that is spread over all words (Szegedy et al. 2016). */
  readonly labelSmoothing: number;
  /** Share of the input words that are the model's own, reached linearly over all epochs (Bengio et al. 2015). */
  readonly scheduledSampling: number;
  /** Decay of the running average of the weights, which is what is validated and kept; 0 keeps the weights themselves. */
  readonly averaging: number;
  /** Epochs on captions without photographs that come before the others. */
  readonly textEpochs: number;
  /** Learn from rewards for whole captions (Rennie et al. 2017) instead of word by word; needs weights to start from. */
  readonly selfCritical: boolean;
  /** Captions drawn for each photograph in self-critical training. */
  readonly samples: number;
  /** Weight of people's captions, learnt word by word, beside rewards in self-critical training (Wu et al. 2016). */
  readonly wordShare: number;
  /** T: longest caption in steps; longer ones are cut. */
  readonly maxSteps: number;
  readonly select: Selection;
  /** Stop after this many epochs without a better one. */
  readonly patience: number;
  readonly seed: number;
}

/** Default of `maxSteps`: longest captions in words and in characters. */
export const MAX_STEPS: Readonly<Record<TokenizerName, number>> = { word: 20, char: 100 };

export const TRAINING_DEFAULTS: TrainingOptions = {
  epochs: 20,
  batchSize: 128,
  accumulate: 1,
  optimizer: 'adam',
  learningRate: 1e-3,
  momentum: 0.9,
  weightDecay: 0,
  schedule: 'step',
  learningRateDecay: 0.9,
  decayEvery: 1,
  warmup: 0,
  clipNorm: 5,
  clipValue: 0,
  dropout: { image: 0.2, embedding: 0.5, output: 0.5 },
  wordDropout: 0,
  featureNoise: 0,
  labelSmoothing: 0,
  scheduledSampling: 0,
  averaging: 0.999,
  textEpochs: 0,
  selfCritical: false,
  samples: 5,
  wordShare: 0,
  maxSteps: MAX_STEPS.word,
  select: 'loss',
  patience: 3,
  seed: 1,
};
