import { escapeHtml } from '../../../src/html-text.ts';

const CELL = 44;
const LETTER = 7;

/** A matrix of values from 0 to 1 with a word at each row and column, as an HTML figure: the darker, the larger. */
export function heatMap(
  title: string,
  rows: readonly string[],
  columns: readonly string[],
  values: readonly (readonly number[])[],
): string {
  const left = 12 + LETTER * Math.max(...rows.map((word) => word.length));
  const top = 20;
  const [width, height] = [left + CELL * columns.length, top + (CELL / 2) * rows.length];
  const words = [
    ...columns.map((word, j) => [word, left + CELL * (j + 0.5), top - 7, 'middle'] as const),
    ...rows.map((word, i) => [word, left - 6, top + (CELL / 2) * (i + 0.7), 'end'] as const),
  ].map(([word, x, y, at]) => `<text x="${x}" y="${y}" text-anchor="${at}">${escapeHtml(word)}</text>`);
  const cells = values.flatMap((row, i) =>
    row.map((value, j) => {
      const place = `x="${left + CELL * j}" y="${top + (CELL / 2) * i}" width="${CELL - 1}" height="${CELL / 2 - 1}"`;
      const says = `<title>${escapeHtml(`${rows[i]}, ${columns[j]}: ${value.toFixed(2)}`)}</title>`;
      return `<rect ${place} fill="currentColor" fill-opacity="${(0.04 + 0.96 * value).toFixed(3)}">${says}</rect>`;
    }),
  );
  return `<figure class="chart">
<figcaption><b>${escapeHtml(title)}</b></figcaption>
<svg viewBox="0 0 ${width} ${height}" class="c0" role="img" aria-label="${escapeHtml(title)}">
${[...words, ...cells].join('\n')}
</svg>
</figure>`;
}

/** The same in words for a terminal, in per cent. */
export function heatTable(
  rows: readonly string[],
  columns: readonly string[],
  values: readonly (readonly number[])[],
): string {
  const percent = (value: number) => (value < 0.005 ? '.' : (100 * value).toFixed(0));
  const line = (first: string, cells: readonly string[]) =>
    first.padEnd(8) + cells.map((cell) => cell.padStart(7)).join('');
  return [line('', columns), ...rows.map((word, i) => line(word, values[i].map(percent)))].join('\n');
}
