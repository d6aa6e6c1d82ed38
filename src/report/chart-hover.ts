import { escapeHtml } from '../html-text.ts';

/** The points of a line that are drawn, in the order of x. */
interface Line {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** Where on the drawing an x is, and how far up and down the chart goes. */
interface Field {
  place(x: number): number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** More would be narrower than a pointer hits. */
const MOST_STRIPS = 60;

/** A dozen lines are as many as a tooltip can show. */
const MOST_LINES = 12;

/**
 * Invisible strips over a chart, side by side, each with a tooltip of what every line is there: no script needed, and
 * nobody has to hit a thin line.
 */
export function hoverStrips(lines: readonly Line[], field: Field, xLabel: string): string {
  const all = [...new Set(lines.flatMap(({ points }) => points.map(([x]) => x)))].sort((a, b) => a - b);
  const every = Math.max(1, (all.length - 1) / (MOST_STRIPS - 1));
  const count = Math.min(all.length, MOST_STRIPS);
  const xs = Array.from({ length: count }, (_, strip) => all[Math.round(strip * every)]!);
  const middles = xs.slice(1).map((x, i) => field.place((x + xs[i]!) / 2));
  const edges = [field.left, ...middles, field.right];
  const strips = xs.map((x, i) => {
    const width = Math.max(0, Math.round((edges[i + 1]! - edges[i]!) * 10) / 10);
    const { top, bottom } = field;
    const at = field.place(x);
    return `<g><title>${tooltip(lines, x, xLabel)}</title><rect x="${edges[i]}" y="${top}" width="${width}" height="${bottom - top}"/><line x1="${at}" x2="${at}" y1="${top}" y2="${bottom}"/></g>`;
  });
  return `<g class="hover">${strips.join('')}</g>`;
}

/** `epoch 3.2`, then a line for each series that reaches so far. */
function tooltip(lines: readonly Line[], x: number, xLabel: string): string {
  const values = lines.flatMap(({ name, points }) => {
    const near = nearest(points, x);
    return near === undefined ? [] : [`${escapeHtml(name)}: ${readable(near)}`];
  });
  const more = values.length > MOST_LINES ? [`and ${values.length - MOST_LINES} more`] : [];
  return [`${escapeHtml(xLabel)} ${readable(x)}`, ...values.slice(0, MOST_LINES), ...more].join('\n');
}

/** The y whose x is nearest; undefined where the line has not begun or is over, by half its mean step or more. */
function nearest(points: readonly (readonly [number, number])[], x: number): number | undefined {
  const first = points[0]?.[0] ?? 0;
  const last = points.at(-1)?.[0] ?? 0;
  const slack = (last - first) / Math.max(1, points.length - 1) / 2 || 0.5;
  if (points.length === 0 || x < first - slack || x > last + slack) return undefined;
  let low = 0;
  let high = points.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle]![0] < x) low = middle + 1;
    else high = middle;
  }
  const before = points[Math.max(0, low - 1)]!;
  const after = points[low]!;
  return x - before[0] < after[0] - x ? before[1] : after[1];
}

function readable(value: number): string {
  if (Math.abs(value) >= 1e7) return value.toExponential(2);
  return value.toLocaleString('en', { maximumSignificantDigits: 4 });
}
