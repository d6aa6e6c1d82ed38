import type { TokenizerName } from '../text/tokenizer.ts';
import type { TrainingOptions } from './options.ts';

/** Where a run's folder holds its `RunRecord`. */
export const RUN_FILE = 'run.json';

/** What a step learns from: captions without photographs, captions word by word, or rewards for whole captions. */
export type Stage = 'text' | 'cross-entropy' | 'self-critical';

/** What one epoch came to. */
export interface EpochSummary {
  /** From 1; 0 is the model that the training started from. */
  readonly epoch: number;
  readonly stage: Stage;
  /** Mean training loss, nats a word; null in self-critical epochs. */
  readonly trainLoss: number | null;
  /** Mean CIDEr-D (0 to 10) of the captions that were drawn; null in other epochs. */
  readonly reward: number | null;
  /** Mean loss on the validation captions, nats a word, without dropout and label smoothing. */
  readonly validationLoss: number;
  /** CIDEr-D of greedy captions of the validation images. */
  readonly validationCider: number;
  /** Share of different captions among those, 0 to 1. */
  readonly distinct: number;
  /** That of the epoch's last step. */
  readonly learningRate: number;
  /** Mean over the steps of the gradient's norm before clipping. */
  readonly gradientNorm: number;
  readonly captionsPerSecond: number;
  /** Without validation. */
  readonly seconds: number;
}

/** Means over a few dozen steps. */
export interface CurvePoint {
  /** The last of these steps, from 1 on. */
  readonly step: number;
  /** Epochs done, with a fraction. */
  readonly epoch: number;
  readonly loss: number | null;
  readonly reward: number | null;
  readonly learningRate: number;
  readonly gradientNorm: number;
  readonly captionsPerSecond: number;
}

/** A validation photograph whose greedy caption is written down after every epoch. */
export interface WatchedPhoto {
  readonly key: string;
  /** Path of its file, as the data set gives it. */
  readonly image: string;
  readonly references: readonly string[];
  /** One an epoch; only changes are interesting. */
  readonly captions: readonly { readonly epoch: number; readonly caption: string }[];
}

/** What a run writes down about itself, as `run.json` of its folder. */
export interface RunRecord {
  readonly formatVersion: 1;
  readonly name: string;
  readonly state: 'training' | 'finished' | 'interrupted' | 'diverged';
  readonly data: {
    readonly dataset: string;
    readonly trainImages: number;
    readonly trainCaptions: number;
    readonly validationImages: number;
    readonly vocabularySize: number;
    readonly tokenizer: TokenizerName;
  };
  readonly encoder: string;
  readonly decoder: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly training: TrainingOptions;
  /** Epoch whose weights the model has; null before the first is done. */
  readonly bestEpoch: number | null;
  readonly epochs: readonly EpochSummary[];
  readonly curve: readonly CurvePoint[];
  readonly photos: readonly WatchedPhoto[];
}
