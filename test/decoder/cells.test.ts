import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { State } from '../../src/decoder/cells/cell.ts';
import { CELL_TABLE, type CellName } from '../../src/decoder/cells/table.ts';
import { input } from '../../src/graph/ops.ts';
import { Random } from '../../src/random.ts';
import { evaluate } from '../helpers/interpreter.ts';

const [B, H] = [2, 3];
const random = new Random(11);
const matrix = (rows: number, columns: number): number[][] =>
  Array.from({ length: rows }, () => Array.from({ length: columns }, () => 2 * random.next() - 1));
const array = (rows: number[][]) => ({ dims: [rows.length, rows[0].length], data: rows.flat() });
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** One step of a cell by the interpreter: the next state as rows. */
function stepOf(
  name: CellName,
  a: number[][],
  state: Record<string, number[][]>,
  weights: Record<string, number[][]>,
) {
  const { gates, step, weights: shapes } = CELL_TABLE[name];
  const previous: State = Object.fromEntries(Object.keys(state).map((part) => [part, input(part, ['B', H])]));
  const own = Object.fromEntries(Object.entries(shapes(H)).map(([key, shape]) => [key, input(key, shape)]));
  const values = evaluate(step(input('a', ['B', gates * H]), previous, own, H), {
    a: array(a),
    ...Object.fromEntries(
      Object.entries(shapes(H)).map(([key, dims]) => [key, { dims, data: weights[key].flat() }]),
    ),
    ...Object.fromEntries(Object.entries(state).map(([part, rows]) => [part, array(rows)])),
  });
  return (part: string, b: number, j: number) => values[part].data[b * H + j];
}

/** Column `column` of h Wh for caption b. */
const recurrent = (h: number[], Wh: number[][], column: number) =>
  h.reduce((sum, value, k) => sum + value * Wh[k][column], 0);

describe('one step against the formula written out', () => {
  test('rnn: h = tanh(a + Whh h)', () => {
    const [a, h, Wh] = [matrix(B, H), matrix(B, H), matrix(H, H)];
    const next = stepOf('rnn', a, { h }, { Wh });
    for (let b = 0; b < B; b++) {
      for (let j = 0; j < H; j++) {
        expect(next('h', b, j)).toBeCloseTo(Math.tanh(a[b][j] + recurrent(h[b], Wh, j)), 14);
      }
    }
  });

  test('lstm: input, forget, output gate and candidate lie side by side', () => {
    const [a, h, c, Wh] = [matrix(B, 4 * H), matrix(B, H), matrix(B, H), matrix(H, 4 * H)];
    const next = stepOf('lstm', a, { h, c }, { Wh });
    for (let b = 0; b < B; b++) {
      for (let j = 0; j < H; j++) {
        const z = (gate: number) => a[b][gate * H + j] + recurrent(h[b], Wh, gate * H + j);
        const cell = sigmoid(z(1)) * c[b][j] + sigmoid(z(0)) * Math.tanh(z(3));
        expect(next('c', b, j)).toBeCloseTo(cell, 14);
        expect(next('h', b, j)).toBeCloseTo(sigmoid(z(2)) * Math.tanh(cell), 14);
      }
    }
  });

  test('gru: update gate, reset gate and candidate, the reset gate after the product', () => {
    const [a, h, Wh, [bh]] = [matrix(B, 3 * H), matrix(B, H), matrix(H, 3 * H), matrix(1, 3 * H)];
    const next = stepOf('gru', a, { h }, { Wh, bh: [bh] });
    for (let b = 0; b < B; b++) {
      for (let j = 0; j < H; j++) {
        const x = (gate: number) => a[b][gate * H + j];
        const r = (gate: number) => recurrent(h[b], Wh, gate * H + j) + bh[gate * H + j];
        const update = sigmoid(x(0) + r(0));
        const reset = sigmoid(x(1) + r(1));
        const candidate = Math.tanh(x(2) + reset * r(2));
        expect(next('h', b, j)).toBeCloseTo((1 - update) * candidate + update * h[b][j], 14);
      }
    }
  });

  test('relu: h = max(0, a + Whh h)', () => {
    const [a, h, Wh] = [matrix(B, H), matrix(B, H), matrix(H, H)];
    const next = stepOf('relu', a, { h }, { Wh });
    each((b, j) => expect(next('h', b, j)).toBeCloseTo(Math.max(0, a[b][j] + recurrent(h[b], Wh, j)), 14));
  });

  test('mut1', () => {
    const [a, h, Wr, Wh, bh] = [matrix(B, 3 * H), matrix(B, H), matrix(H, H), matrix(H, H), matrix(1, H)];
    const next = stepOf('mut1', a, { h }, { Wr, Wh, bh });
    each((b, j) => {
      const z = sigmoid(a[b][j]);
      const reset = h[b].map((value, k) => value * sigmoid(a[b][H + k] + recurrent(h[b], Wr, k)));
      const g = Math.tanh(recurrent(reset, Wh, j) + Math.tanh(a[b][2 * H + j]) + bh[0][j]);
      expect(next('h', b, j)).toBeCloseTo(g * z + h[b][j] * (1 - z), 14);
    });
  });

  test('mut2', () => {
    const [a, h, Wg, Wh] = [matrix(B, 3 * H), matrix(B, H), matrix(H, 2 * H), matrix(H, H)];
    const next = stepOf('mut2', a, { h }, { Wg, Wh });
    each((b, j) => {
      const z = sigmoid(a[b][j] + recurrent(h[b], Wg, j));
      const reset = h[b].map((value, k) => value * sigmoid(a[b][H + k] + recurrent(h[b], Wg, H + k)));
      const g = Math.tanh(recurrent(reset, Wh, j) + a[b][2 * H + j]);
      expect(next('h', b, j)).toBeCloseTo(g * z + h[b][j] * (1 - z), 14);
    });
  });

  test('mut3', () => {
    const [a, h, Wz, Wr, Wh] = [matrix(B, 3 * H), matrix(B, H), matrix(H, H), matrix(H, H), matrix(H, H)];
    const next = stepOf('mut3', a, { h }, { Wz, Wr, Wh });
    each((b, j) => {
      const z = sigmoid(a[b][j] + recurrent(h[b].map(Math.tanh), Wz, j));
      const reset = h[b].map((value, k) => value * sigmoid(a[b][H + k] + recurrent(h[b], Wr, k)));
      const g = Math.tanh(recurrent(reset, Wh, j) + a[b][2 * H + j]);
      expect(next('h', b, j)).toBeCloseTo(g * z + h[b][j] * (1 - z), 14);
    });
  });

  test('mrnn: the input chooses the matrix, Whf diag(Wfx x) Wfh', () => {
    const [a, h, Wf, Wh] = [matrix(B, 2 * H), matrix(B, H), matrix(H, H), matrix(H, H)];
    const next = stepOf('mrnn', a, { h }, { Wf, Wh });
    each((b, j) => {
      const m = h[b].map((_, k) => a[b][k] * recurrent(h[b], Wf, k));
      expect(next('h', b, j)).toBeCloseTo(Math.tanh(recurrent(m, Wh, j) + a[b][H + j]), 14);
    });
  });
});

function each(check: (b: number, j: number) => void): void {
  for (let b = 0; b < B; b++) for (let j = 0; j < H; j++) check(b, j);
}

test('docs/decoders.md shows a cell as it is', () => {
  const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
  const lines = (text: string) =>
    text
      .replace(/^\/\*\*.*?\*\/\n/ms, '')
      .split('\n')
      .map((line) => line.replace(/ *\/\/.*/, '').trim())
      .filter((line) => line !== '');
  const [shown] = /^ {4}import .*?^ {4}\};$/ms.exec(read('docs/decoders.md'))!;
  expect(lines(shown)).toEqual(lines(read('src/decoder/cells/mut3.ts')));
});
