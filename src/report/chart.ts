import { line } from 'd3-shape';
import { escapeHtml } from '../html-text.ts';
import { type Axis, isDrawable, xAxis, type YOptions, yAxis } from './chart-axis.ts';
import { hoverStrips } from './chart-hover.ts';

type Point = readonly [x: number, y: number];

/** One line of a chart. Where x or y is no finite number the line is interrupted. */
export interface Series {
  readonly name: string;
  /** In the order of x. */
  readonly points: readonly Point[];
  /** Which colour of the page's palette; its place among the series unless given. */
  readonly colour?: number;
  /** `marked`: thick, a dot at each point (default); `plain`: without dots; `faint`: a thin line behind the others. */
  readonly style?: 'marked' | 'plain' | 'faint';
  /** The x of a point with a ring around it. */
  readonly ring?: number | null;
  /** False where the legend would say the same twice. */
  readonly inLegend?: boolean;
}

export interface ChartOptions extends YOptions {
  readonly title: string;
  /** Of y. */
  readonly unit: string;
  /** What x counts from 0. */
  readonly xLabel: string;
  /** Vertical lines with a word each. */
  readonly marks?: readonly { readonly x: number; readonly label: string }[];
}

/** Colours there are (page-style.ts); later series have the same ones in dashes. */
const COLOURS = 8;

/** In units of the drawing, which is as wide as there is room: about a pixel each. */
const WIDTH = 480;
const HEIGHT = 250;
const EDGE = { top: 14, right: 14, bottom: 34 };
const LETTER = 6.6;

/**
 * A line chart as an HTML figure: title, unit and legend as text, the lines as SVG. Colours come from the page's
 * style sheet, so that they follow light and dark mode.
 */
export function lineChart(series: readonly Series[], options: ChartOptions): string {
  const { title, unit } = options;
  return `<figure class="chart">
<figcaption><b>${escapeHtml(title)}</b> <span>${escapeHtml(unit)}</span>${legend(series)}</figcaption>
${drawing(series, options)}
</figure>`;
}

/** Names of the lines that are there; a line alone is named by the title. */
function legend(series: readonly Series[]): string {
  if (series.length < 2) return '';
  const entries = series.map(({ name, points, style = 'marked', inLegend = true, colour }, index) => {
    if (!inLegend || !points.some(([, y]) => isDrawable(y))) return '';
    return `<li><i class="${style} ${colourClass(colour ?? index)}"></i>${escapeHtml(name)}</li>`;
  });
  return `<ul>${entries.join('')}</ul>`;
}

function drawing(series: readonly Series[], options: ChartOptions): string {
  const { title, xLabel, log, marks = [] } = options;
  const isPoint = ([x, y]: Point) => x >= 0 && isDrawable(x) && isDrawable(y, log);
  const lines = series.map(({ name, points }) => ({ name, points: points.filter(isPoint) }));
  const ys = lines.flatMap(({ points }) => points.map(([, y]) => y));
  const xs = lines.flatMap(({ points }) => points.map(([x]) => x));
  const greatest = xs.reduce((most, x) => Math.max(most, x), 0);

  const up = yAxis(ys, options, [HEIGHT - EDGE.bottom, EDGE.top]);
  const left = 12 + LETTER * Math.max(2, ...up.ticks.map(({ label }) => label.length));
  const frame = { left, right: WIDTH - EDGE.right, top: EDGE.top, bottom: HEIGHT - EDGE.bottom };
  const along = xAxis(greatest, [frame.left, frame.right]);
  // What runs off the top need not run off by more than a height.
  const place: Place = ([x, y]) => [round(along.place(x)), round(Math.max(-HEIGHT, up.place(y)))];

  const drawn = series.map((one, index) => drawSeries(one, index, isPoint, place));
  const faintFirst = series.map(({ style }, i) => ({ rank: style === 'faint' ? 0 : 1, svg: drawn[i]! }));
  const inside = marks.filter(({ x }) => x >= 0 && x <= greatest);
  const strips = { place: (x: number) => round(along.place(x)), ...frame };
  const parts = [
    grid(up, along, frame),
    `<text class="axis" x="${frame.right}" y="${HEIGHT - 3}" text-anchor="end">${escapeHtml(xLabel)}</text>`,
    ...inside.map(({ x, label }) => drawMark(round(along.place(x)), label, frame)),
    ...faintFirst.toSorted((a, b) => a.rank - b.rank).map(({ svg }) => svg),
    ys.length === 0
      ? `<text x="${WIDTH / 2}" y="${HEIGHT / 2}" text-anchor="middle">no values yet</text>`
      : hoverStrips(lines, strips, xLabel),
  ];
  const label = `${escapeHtml(title)} by ${escapeHtml(xLabel)}`;
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${label}">\n${parts.join('\n')}\n</svg>`;
}

/** The rectangle that the lines are in, in units of the drawing. */
interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

function grid(up: Axis, along: Axis, { left, right, bottom }: Frame): string {
  const across = up.ticks.map(
    ({ at, label }) =>
      `<line x1="${left}" x2="${right}" y1="${round(at)}" y2="${round(at)}"/><text x="${left - 7}" y="${round(at + 4)}" text-anchor="end">${label}</text>`,
  );
  const below = along.ticks.map(
    ({ at, label }) => `<text x="${round(at)}" y="${bottom + 16}" text-anchor="middle">${label}</text>`,
  );
  const floor = `<line class="floor" x1="${left}" x2="${right}" y1="${bottom}" y2="${bottom}"/>`;
  return `<g class="axis">${across.join('')}${below.join('')}${floor}</g>`;
}

function drawMark(x: number, label: string, { left, right, top, bottom }: Frame): string {
  const before = x > (left + right) / 2;
  const text = `<text x="${before ? x - 5 : x + 5}" y="${top + 3}" text-anchor="${before ? 'end' : 'start'}">${escapeHtml(label)}</text>`;
  return `<g class="mark"><line x1="${x}" x2="${x}" y1="${top - 6}" y2="${bottom}"/>${text}</g>`;
}

/** Where on the drawing a point is. */
type Place = (point: Point) => [x: number, y: number];

function drawSeries(
  { name, points, style = 'marked', colour, ring }: Series,
  index: number,
  isPoint: (point: Point) => boolean,
  place: Place,
): string {
  const there = points.filter(isPoint);
  const path = line<Point>(
    (point) => place(point)[0],
    (point) => place(point)[1],
  ).defined(isPoint)(points);
  const circle = (point: Point, shape: string) => {
    const [x, y] = place(point);
    return `<circle cx="${x}" cy="${y}" ${shape}/>`;
  };
  // A point alone makes no line that could be seen.
  const dotted = style === 'marked' || there.length === 1 ? there : [];
  const parts = [
    `<title>${escapeHtml(name)}</title>`,
    path ? `<path d="${path}"/>` : '',
    ...dotted.map((point) => circle(point, 'r="3"')),
    ...there.filter(([x]) => x === ring).map((point) => circle(point, 'r="6.5" class="ring"')),
  ];
  return `<g class="series ${style} ${colourClass(colour ?? index)}">${parts.join('')}</g>`;
}

/** The class that gives an element the colour of the series of that number. */
export function colourClass(index: number): string {
  return `c${index % COLOURS}${index < COLOURS ? '' : ' again'}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
