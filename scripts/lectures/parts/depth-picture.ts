import { lineChart } from '../../../src/report/chart.ts';
import { depths } from './bracket-strings.ts';
import type { Unit } from './correlation.ts';

/**
 * HTML: a string of brackets in the colours of a cell's value, and that value beside the depth.
 * @param values the cell's behind each bracket, scaled to brackets that are open
 */
export function depthPicture(string: string, cell: Unit, values: readonly number[]): string {
  const deepest = Math.max(...depths(string));
  const coloured = values.map((value, t) => {
    const share = Math.max(0, Math.min(100, (100 * value) / deepest)).toFixed(0);
    return `<span style="background: color-mix(in srgb, var(--c0) ${share}%, transparent)">${string[t]}</span>`;
  });
  const points = (ys: readonly number[]) => ys.map((y, t) => [t + 1, y] as const);
  const sign = cell.intercept < 0 ? '-' : '+';
  const told = `cell ${cell.index}: ${cell.slope.toFixed(2)} c ${sign} ${Math.abs(cell.intercept).toFixed(2)}`;
  const axes = { title: 'Depth', unit: 'brackets', xLabel: 'brackets read', fromZero: true };
  const truth = { name: 'brackets open', points: points(depths(string)), style: 'plain' as const };
  const chart = lineChart([{ name: told, points: points(values) }, truth], axes);
  return `<p style="font: 1.1rem monospace; margin: 1rem 0">${coloured.join('')}</p>\n${chart}`;
}
