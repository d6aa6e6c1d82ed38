/** Widths of a bin that are easy to read off an axis; where they make too many, a bin is 0.5 wide. */
const BIN_WIDTHS = [0.05, 0.1, 0.2, 0.25];
const MOST_BINS = 30;

/** Height of the drawing in pixels: the mean's name and a bar's count, the bars, the axis. */
const ABOVE = 34;
const BARS = 140;
const BELOW = 24;

/** How scores from 0 to 10 are spread. */
interface Histogram {
  /** Each bin is [i * width, (i + 1) * width). */
  readonly width: number;
  readonly counts: readonly number[];
}

/** Counts scores in at most 30 bins from 0 on. */
export function histogram(scores: Iterable<number>): Histogram {
  const values = [...scores];
  const greatest = values.reduce((most, score) => Math.max(most, score), 0);
  const width = BIN_WIDTHS.find((width) => binOf(greatest, width) < MOST_BINS) ?? 0.5;
  const counts = new Array<number>(binOf(greatest, width) + 1).fill(0);
  for (const score of values) counts[binOf(score, width)]! += 1;
  return { width, counts };
}

/** A sum of floats that should be 0.3 may be a little less. */
function binOf(score: number, width: number): number {
  return Math.floor(score / width + 1e-9);
}

/** Draws the bins and a line at the mean, as wide as there is room: across in percent, up in pixels. */
export function drawHistogram({ width, counts }: Histogram, mean: number): string {
  const most = Math.max(...counts, 1);
  const axis = ABOVE + BARS;
  const across = (score: number) => `${((100 * score) / (width * counts.length)).toFixed(3)}%`;
  const edge = (bin: number) => Number((bin * width).toFixed(2));
  const bars = counts.flatMap((count, bin) => {
    if (count === 0) return [];
    // One of thousands is still to be seen.
    const high = Math.max(4, Math.round((BARS * count) / most));
    const range = `${edge(bin)} to ${edge(bin + 1)}`;
    const number = count.toLocaleString('en');
    const place = `x="${across(edge(bin))}" width="${across(width)}" y="${axis - high}" height="${high}"`;
    const above = `x="${across((bin + 0.5) * width)}" y="${axis - high - 5}"`;
    return {
      bar: `<rect ${place}><title>${range}: ${number}</title></rect>`,
      number: `<text class="count" ${above}>${number}</text>`,
    };
  });
  // About ten numbers fit below it, and on a telephone half of them.
  const step = Math.ceil(counts.length / 10);
  const ticks = counts.flatMap((_, bin) => {
    if (bin % step > 0) return [];
    const rank = bin === 0 ? ' class="first"' : (bin / step) % 2 === 1 ? ' class="odd"' : '';
    return [`<text x="${across(edge(bin))}" y="${axis + 17}"${rank}>${edge(bin)}</text>`];
  });
  const [side, dx] = mean > (width * counts.length) / 2 ? ['left', -6] : ['right', 6];
  return `<svg role="img" aria-label="Histogram of CIDEr-D" width="100%" height="${axis + BELOW}">
${bars.map(({ bar }) => bar).join('\n')}
<line x1="0" x2="100%" y1="${axis}" y2="${axis}"/>
${ticks.join('')}
<line class="mean" x1="${across(mean)}" x2="${across(mean)}" y1="0" y2="${axis}"/>
${bars.map(({ number }) => number).join('\n')}
<text class="mean ${side}" x="${across(mean)}" dx="${dx}" y="11">mean ${mean.toFixed(3)}</text>
</svg>`;
}
