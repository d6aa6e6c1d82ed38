import type { DecoderConfig } from '../decoder/config.ts';
import { initialWeights } from '../decoder/parameters.ts';
import { Random } from '../random.ts';
import { type Arrays, initialSlots, type Slots } from './optimizer.ts';
import type { TrainingOptions } from './options.ts';
import type { CurvePoint, EpochSummary } from './run-record.ts';

/** Sums over some steps. */
export interface Totals {
  batches: number;
  steps: number;
  /** Sum of the batches' losses, or of their mean rewards in self-critical epochs. */
  figure: number;
  /** Sum of the steps' gradient norms before clipping. */
  norm: number;
  captions: number;
  seconds: number;
}

/** Where a training stands between two steps, but for arrays; random numbers depend on seed and step alone. */
interface Progress {
  step: number;
  /** Epochs done, and batches of the present one. */
  epoch: number;
  batch: number;
  /** Of the last step. */
  learningRate: number;
  /** Over the present epoch, and since the last point of the curve. */
  ofEpoch: Totals;
  ofPoint: Totals;
  epochs: EpochSummary[];
  curve: CurvePoint[];
  /** Captions of the watched photographs after each of `epochs`. */
  watched: (readonly string[])[];
}

/** Everything that the next step depends on. */
export interface TrainingState {
  readonly weights: Arrays;
  readonly slots: Slots;
  /** Running average of the weights, which is what is validated and kept; null where it is off. */
  readonly average: Arrays | null;
  /** The weights of the best epoch so far; null before the first validation. */
  best: { readonly weights: Arrays; readonly epoch: number } | null;
  readonly progress: Progress;
}

export const NO_STEPS: Readonly<Totals> = {
  batches: 0,
  steps: 0,
  figure: 0,
  norm: 0,
  captions: 0,
  seconds: 0,
};

/** @param start weights to go on from instead of random ones */
export function initialState(
  config: DecoderConfig,
  options: TrainingOptions,
  start: Arrays | null,
): TrainingState {
  const weights = start ? copyOf(start) : initialWeights(config, new Random(options.seed));
  return {
    weights,
    slots: initialSlots(options.optimizer, weights),
    average: options.averaging > 0 ? copyOf(weights) : null,
    best: null,
    progress: {
      step: 0,
      epoch: 0,
      batch: 0,
      learningRate: 0,
      ofEpoch: { ...NO_STEPS },
      ofPoint: { ...NO_STEPS },
      epochs: [],
      curve: [],
      watched: [],
    },
  };
}

/** The weights that are validated and kept. */
export function kept(state: TrainingState): Arrays {
  return state.average ?? state.weights;
}

export function copyOf(arrays: Arrays): Map<string, Float32Array> {
  return new Map([...arrays].map(([name, values]) => [name, values.slice()]));
}
