/**
 * Vanishing and exploding gradients (Bengio et al. 1994; Pascanu et al. 2013; the lectures' "vanilla RNN gradient
 * flow"). A loss reads the last state alone, and its gradient goes back through T = 50 steps: how much of it arrives?
 *
 * - Vanilla RNN, h_t = tanh(Wx x_t + Wh h_{t-1}): each step back multiplies by Wh^T diag(1 - h_t^2), which stretches by
 *   at most Wh's largest singular value s. With s < 1 the gradient must vanish, as s^t or faster; with s > 1 it may
 *   explode, unless tanh holds it down, whose slope is below 1 where units are saturated (try --above 1.2).
 * - LSTM, c_t = f c_{t-1} + i g: here the loss reads c_T, and we look at gradients by c. From c_t to c_{t-1} they are
 *   multiplied by the forget gate, without a matrix: half open, f = 0.5, they vanish; open, f = 0.993, they hardly fall
 *   (--gates 0.01). Another way leads through h and the gates' matrices, and what it adds grows over many steps.
 * - Clipping scales the gradient by the weights, and so each step's part in it: steps of learning are no longer too
 *   long, but what is far back in time still counts thousands of times as much as what is near.
 *
 *     npx tsx scripts/lectures/gradient-flow.ts [options]
 *
 *     --below X            largest singular value s of the vanishing net's matrix (0.8)
 *     --above X            of the exploding net's (2)
 *     --gates X            of the matrices of the LSTM's gates (0.8)
 *     --clip-norm X        (5)
 *     --steps N            T (50)
 *     --out FILE           a page with the chart (none)
 *     --seed N             (1)
 *
 * In a second: of a gradient of norm 1 there arrive 2.7e-8 with s = 0.8, 5.3e+3 with s = 2, 27 in an open LSTM.
 */
import type { Cell } from '../../src/decoder/cells/cell.ts';
import { lstm } from '../../src/decoder/cells/lstm.ts';
import { rnn } from '../../src/decoder/cells/rnn.ts';
import { gradients } from '../../src/graph/backward.ts';
import * as ops from '../../src/graph/ops.ts';
import { Random } from '../../src/random.ts';
import { lineChart } from '../../src/report/chart.ts';
import { clipScale } from '../../src/training/clipping.ts';
import { commandLine, positive, whole } from './parts/command-line.ts';
import { Graph } from './parts/graph.ts';
import { main } from './parts/main.ts';
import { orthogonal } from './parts/orthogonal.ts';
import { page, writePage } from './parts/page.ts';
import { unroll } from './parts/unroll.ts';

const [B, H] = [16, 64];
/** Of the projected inputs Wx x_t, which are normal. */
const INPUT_DEVIATION = 0.3;

/** What arrives: norms by h_T, h_{T-1}, ..., h_0 (LSTM: c), and the norm by Wh, to which all steps contribute. */
interface Flow {
  readonly states: readonly number[];
  readonly weights: number;
}

/**
 * The way of a gradient of norm 1, in a random direction, back through T steps of a cell. Wh is a random orthogonal
 * matrix times s, or one for each gate: all its singular values are s. The projected inputs have a bias for each gate.
 */
export async function gradientFlow(
  cell: Cell,
  { s, bias, T, seed }: { s: number; bias: readonly number[]; T: number; seed: number },
): Promise<Flow> {
  const W = cell.gates * H;
  const Wh = ops.parameter('Wh', [H, W]);
  const states = unroll(cell, ops.input('projected', [T * B, W]), T, { Wh }, H);
  // From the last state back: an LSTM's c, the h of others.
  const backwards = states.map(({ h, c }) => c ?? h).reverse();
  const loss = ops.sum(ops.mul(backwards[0], ops.input('direction', [B, H])));
  // dh[k] is by the state k steps back.
  const [dWh, ...dh] = gradients(loss, [Wh, ...backwards]);

  const random = new Random(seed);
  const gates = Array.from({ length: cell.gates }, () => orthogonal(random, H));
  const rows = Array.from({ length: H }, (_, row) => gates.flatMap((Q) => Q[row].map((x) => s * x)));
  const direction = Float32Array.from({ length: B * H }, () => random.normal());
  const length = Math.hypot(...direction);
  const drawInput = (i: number) => bias[Math.floor((i % W) / H)] + INPUT_DEVIATION * random.normal();
  const values = new Map([
    ['Wh', Float32Array.from(rows.flat())],
    ['direction', direction.map((x) => x / length)],
    ['projected', Float32Array.from({ length: T * B * W }, (_, i) => drawInput(i))],
  ]);
  const graph = new Graph({ dWh, ...Object.fromEntries(dh.map((g, back) => [back, g])) });
  const results = await graph.run(values);
  await graph.release();
  const norm = (name: string | number) => Math.hypot(...results[name].data);
  return { states: dh.map((_, back) => norm(back)), weights: norm('dWh') };
}

/** The same with clipping: all contributions are scaled alike. */
export function clipped({ states, weights }: Flow, limit: number): Flow {
  const scale = clipScale(weights, limit);
  return { states: states.map((norm) => norm * scale), weights: weights * scale };
}

await main(import.meta.filename, async () => {
  const nets = { below: positive(0.8), above: positive(2), gates: positive(0.8), clipNorm: positive(5) };
  const { values } = commandLine({ ...nets, steps: whole(50, 1, 1000), out: page, seed: whole(1, 0) });
  const { below, above, gates, clipNorm, steps: T, seed } = values;
  const vanilla = (s: number) => gradientFlow(rnn, { s, bias: [0], T, seed });
  const gated = (f: number) => gradientFlow(lstm, { s: gates, bias: [0, f, 0, 0], T, seed });
  const exploding = await vanilla(above);
  const flows: Record<string, Flow> = {
    [`RNN, s = ${below}`]: await vanilla(below),
    [`RNN, s = ${above}`]: exploding,
    [`RNN, s = ${above}, clipped to ${clipNorm}`]: clipped(exploding, clipNorm),
    'LSTM, forget gate open (bias 5)': await gated(5),
    'LSTM, forget gate half open (bias 0)': await gated(0),
  };
  const shown = [...new Set([0, 1, 2, 3, 4, 5].map((i) => Math.round((i * T) / 5)))];
  const print = (name: string, ...cells: readonly (string | number)[]) =>
    console.log(name.padEnd(39) + cells.map((cell) => String(cell).padStart(8)).join(''));
  print('norm by h (LSTM: c), steps back; by Wh', ...shown, 'Wh');
  for (const [name, { states, weights }] of Object.entries(flows)) {
    const norms = [...shown.map((back) => states[back]), weights];
    print(name, ...norms.map((norm) => norm.toExponential(1)));
  }
  if (values.out === undefined) return;
  const series = Object.entries(flows).map(([name, { states }]) => {
    return { name, points: states.map((norm, back) => [back, norm] as const), style: 'plain' as const };
  });
  const axes = { title: 'Gradient by h (LSTM: c)', unit: 'norm', xLabel: 'steps back in time', log: true };
  const what = 'How much of the gradient of a loss that reads the last state arrives at earlier ones.';
  writePage(values.out, 'Vanishing and exploding gradients', what, lineChart(series, axes));
});
