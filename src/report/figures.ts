import type { EpochSummary, RunRecord } from '../training/run-record.ts';

/** Shown where there is no number. */
const NONE = '–';

/** With so many digits behind the point. */
export function fixed(value: number | null | undefined, digits: number): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  return Math.abs(value) >= 1e7 ? value.toExponential(2) : value.toFixed(digits);
}

/** `12,345` */
export function whole(value: number): string {
  return Number.isFinite(value) ? Math.round(value).toLocaleString('en') : NONE;
}

/** 0.1234 -> `12.3 %` */
export function percent(share: number | undefined): string {
  return share === undefined || !Number.isFinite(share) ? NONE : `${(100 * share).toFixed(1)} %`;
}

/** Three significant digits: `0.001`, `1.25`, `5e-7`. */
export function significant(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(3))) : NONE;
}

/** `42 s`, `3 min 5 s`, `2 h 7 min` */
export function span(seconds: number): string {
  if (!Number.isFinite(seconds)) return NONE;
  const all = Math.round(seconds);
  if (all < 60) return `${all} s`;
  const minutes = Math.floor(all / 60);
  return minutes < 60 ? `${minutes} min ${all % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** The epoch whose weights the model has. */
export function bestOf({ bestEpoch, epochs }: RunRecord): EpochSummary | undefined {
  return epochs.find(({ epoch }) => epoch === bestEpoch);
}

/** Seconds of all epochs without validation. */
export function trainingTime({ epochs }: RunRecord): number {
  return epochs.reduce((total, { seconds }) => total + seconds, 0);
}

/** Captions a second over all epochs. */
export function meanSpeed(run: RunRecord): number {
  const captions = run.epochs.reduce(
    (sum, { seconds, captionsPerSecond }) => sum + seconds * captionsPerSecond,
    0,
  );
  return captions / trainingTime(run);
}
