import type { TrainingOptions } from './options.ts';
import { isBetter, type Scored } from './selection.ts';

type ScheduleOptions = Pick<
  TrainingOptions,
  'learningRate' | 'schedule' | 'learningRateDecay' | 'decayEvery' | 'warmup' | 'select'
>;

/** Where training stands, as far as the learning rate depends on it. */
export interface Place {
  /** The step, from 1 on. */
  readonly step: number;
  /** Epochs done, with and without the fraction of the present one. */
  readonly progress: number;
  readonly epoch: number;
  /** Epochs in all. */
  readonly epochs: number;
  readonly history: readonly Scored[];
}

/** The learning rate of the next step: a function of the place alone, so that a resumed run goes on exactly. */
export function learningRateAt(options: ScheduleOptions, place: Place): number {
  const { learningRate, warmup } = options;
  const rise = warmup > 0 ? Math.min(1, place.step / warmup) : 1;
  return learningRate * rise * factor(options, place);
}

function factor(
  { schedule, learningRateDecay, decayEvery, select }: ScheduleOptions,
  { progress, epoch, epochs, history }: Place,
): number {
  switch (schedule) {
    case 'constant':
      return 1;
    case 'step':
      return learningRateDecay ** Math.floor(epoch / decayEvery);
    case 'cosine':
      // Loshchilov & Hutter 2017 (SGDR), without restarts.
      return (1 + Math.cos(Math.PI * Math.min(1, progress / epochs))) / 2;
    case 'plateau':
      return learningRateDecay ** plateaus(history, decayEvery, select);
  }
}

/** How many times `patience` epochs in a row were no better than the best before them. */
function plateaus(history: readonly Scored[], patience: number, select: ScheduleOptions['select']): number {
  let best: Scored | null = null;
  let waited = 0;
  let found = 0;
  for (const epoch of history) {
    if (isBetter(epoch, best, select)) {
      best = epoch;
      waited = 0;
    } else if (++waited === patience) {
      waited = 0;
      found++;
    }
  }
  return found;
}
