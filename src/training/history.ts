import type { CurvePoint, EpochSummary, Stage } from './run-record.ts';
import type { Totals, TrainingState } from './state.ts';

/** What a training has come to so far. */
export interface History {
  /** The best epoch; null before the first validation. */
  readonly best: EpochSummary | null;
  readonly epochs: readonly EpochSummary[];
  readonly curve: readonly CurvePoint[];
  /** Captions of the watched photographs after each of `epochs`. */
  readonly watched: readonly (readonly string[])[];
}

export function historyOf({ best, progress }: TrainingState): History {
  const { epochs, curve, watched } = progress;
  return { best: epochs.find(({ epoch }) => epoch === best?.epoch) ?? null, epochs, curve, watched };
}

/** Means of a stage's steps. */
export function meansOf(stage: Stage, { figure, norm, batches, steps }: Totals) {
  const mean = batches > 0 ? figure / batches : null;
  return {
    stage,
    trainLoss: stage === 'self-critical' ? null : mean,
    reward: stage === 'self-critical' ? mean : null,
    gradientNorm: steps > 0 ? norm / steps : 0,
  };
}

export function addTo(sum: Totals, more: Totals): void {
  for (const key of Object.keys(more) as (keyof Totals)[]) sum[key] += more[key];
}
