import type { Dropout } from '../decoder/config.ts';

/** Settings of training with cross-entropy. */
export interface TrainingOptions {
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  /** The learning rate is multiplied by this after every epoch. */
  readonly learningRateDecay: number;
  /** Global gradient norm above which gradients are scaled down. */
  readonly clipNorm: number;
  readonly dropout: Dropout;
  /** Decay of the running average of the weights, which is what is validated and kept; 0 keeps the weights themselves. */
  readonly averaging: number;
  /** T: longest caption in steps; longer ones are cut. */
  readonly maxSteps: number;
  /** Stop after this many epochs without a lower validation loss. */
  readonly patience: number;
  readonly seed: number;
}

export const TRAINING_DEFAULTS: TrainingOptions = {
  epochs: 20,
  batchSize: 128,
  learningRate: 1e-3,
  learningRateDecay: 0.9,
  clipNorm: 5,
  dropout: { image: 0.2, embedding: 0.5, output: 0.5 },
  averaging: 0.999,
  maxSteps: 20,
  patience: 3,
  seed: 1,
};
