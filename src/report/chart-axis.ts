import { scaleLinear, scaleLog } from 'd3-scale';

/** Values to pixels along one side of a chart, and the values written beside it. */
export interface Axis {
  place(value: number): number;
  readonly ticks: readonly { readonly at: number; readonly label: string }[];
}

/** How the values of a chart are laid out upwards. */
export interface YOptions {
  /** Powers of ten are equally far apart; values of 0 and less are left out. */
  readonly log?: boolean;
  /** The axis starts at 0. */
  readonly fromZero?: boolean;
  /** The few largest values may run off the top, so that the others are not pressed flat. */
  readonly clipTop?: boolean;
}

/** Beyond these, what is computed with values might no longer be numbers. */
const LARGEST = 1e100;
const SMALLEST = 1e-100;

/** Whether a value has a place on a chart. */
export function isDrawable(value: number, log = false): boolean {
  return Math.abs(value) <= LARGEST && (!log || value >= SMALLEST);
}

/** Of values from 0 to `greatest`, from left to right. Ticks are whole numbers where there are enough. */
export function xAxis(greatest: number, range: readonly [number, number]): Axis {
  const scale = scaleLinear([0, greatest > SMALLEST ? greatest : 1], range);
  const ticks = scale.ticks(6).filter((tick) => greatest < 3 || Number.isInteger(tick));
  const label = scale.tickFormat(6);
  return { place: scale, ticks: ticks.map((tick) => ({ at: scale(tick), label: label(tick) })) };
}

/** Of drawable values, from the bottom up; without values there are no ticks. */
export function yAxis(values: readonly number[], options: YOptions, range: readonly [number, number]): Axis {
  const sorted = values.toSorted((a, b) => a - b);
  const domain = domainOf(sorted, options);
  const scale = options.log ? scaleLog(domain, range) : scaleLinear(domain, range).nice(10);
  const size = Math.max(...domain.map(Math.abs));
  const label = scale.tickFormat(5, options.log || size >= 1e7 || size < 1e-7 ? '~g' : undefined);
  const ticks = values.length === 0 ? [] : scale.ticks(5);
  const labelled = ticks.map((tick) => ({ at: scale(tick), label: label(tick) }));
  return { place: scale, ticks: labelled.filter(({ label }) => label !== '') };
}

/** A little more than from the least to the greatest value. */
function domainOf(sorted: readonly number[], { log, fromZero, clipTop }: YOptions): [number, number] {
  const least = sorted[0];
  if (least === undefined) return [0.1, 1];
  const greatest = clipTop ? topOf(sorted) : sorted.at(-1)!;
  const size = Math.max(Math.abs(least), Math.abs(greatest));
  // Values that differ by rounding only are one value, in the middle.
  const same = greatest - least <= Math.max(1e-9 * size, SMALLEST);
  if (log) return same ? [least / 2, least * 2] : [least / 1.15, greatest * 1.15];
  const around = size > SMALLEST ? 0.1 * size : 1;
  const room = same ? around : (greatest - least) * 0.06;
  const bottom = fromZero && least >= 0 ? 0 : least - room;
  return [least >= 0 ? Math.max(0, bottom) : bottom, greatest + room];
}

/** What 95 % of the values are below, and some room for the next ones. */
function topOf(sorted: readonly number[]): number {
  const most = sorted[Math.ceil(0.95 * (sorted.length - 1))]!;
  return Math.min(sorted.at(-1)!, most + 0.2 * (most - sorted[0]!));
}
