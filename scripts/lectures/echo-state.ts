/**
 * Echo state network: a recurrent net in which nothing recurrent is learnt (Jaeger 2001; Hinton's lecture 8).
 *
 * A reservoir of fixed random units hears the wanted frequency, u_t from -1 to 1, and its own last output y_{t-1}:
 *
 *     x_t = tanh(W x_{t-1} + wu u_t + wy y_{t-1} + b)        y_t = R [x_t, u_t, 1]
 *
 * Only the readout R is fitted, as a linear regression: while a teacher's sine wave stands in for y, the states are
 * written down, and R is what makes the wave of them. There is no gradient, so none vanishes. Then the teacher goes, and
 * the net makes waves of frequencies that it was never taught.
 *
 * What decides is the spectral radius, to which W is scaled. Near 0 the state remembers little. Above 1 an undriven
 * reservoir may be chaotic, but what this one hears holds it: at 1.6 its waves are worse, yet two copies that start
 * differently and hear the same still meet, so that the state is an echo of what was heard. At 2 they stay apart.
 *
 *     npx tsx scripts/lectures/echo-state.ts [options]
 *
 *     --units N            in the reservoir (150)
 *     --out FILE           a page with waves (none)
 *     --seed N             (1)
 *
 * With a radius of 0.3 it makes the wanted frequencies to 0.1 %, and its waves are 0.024 from sines (1 is as far as
 * silence); with 0.05 they are 0.198 from them, with 1.6 0.355, with 2 0.967.
 */
import { Random } from '../../src/random.ts';
import { lineChart } from '../../src/report/chart.ts';
import { commandLine, whole } from './parts/command-line.ts';
import {
  dot,
  multiply,
  norm,
  plus,
  ridgeRegression,
  spectralRadius,
  type Vector,
} from './parts/linear-algebra.ts';
import { main } from './parts/main.ts';
import { page, writePage } from './parts/page.ts';
import { distanceFromSine, frequencyOf, teachingWave } from './parts/sine-waves.ts';

const TEACHING = 4000; // steps
const SETTLING = 100; // steps that nothing is learnt from or measured on
const NOISE = 0.01;
const RIDGE = 1e-4;
/** Waves a step that the net is asked for, 400 steps each: the teacher's are from 0.05 to 0.15, but none of these. */
const WANTED = [0.06, 0.14, 0.08, 0.11];
const RADII = [0.05, 0.1, 0.3, 0.9, 1.6, 2];

/** What the net hears of a frequency: the teacher's are from -1 to 1. */
const command = (frequency: number) => (frequency - 0.1) / 0.05;

/** A fixed net: from x [units], the command u and the last output to the next x. */
function randomReservoir(units: number, radius: number, random: Random) {
  const vector = (element: () => number) => Float64Array.from({ length: units }, element);
  const normal = Array.from({ length: units }, () => vector(() => random.normal()));
  const scale = radius / spectralRadius(normal);
  const W = normal.map((row) => row.map((x) => scale * x));
  const [wu, wy, b] = [1, 2, 3].map(() => vector(() => 2 * random.next() - 1));
  return (x: Vector, u: number, heard: number): Vector =>
    multiply(W, x).map((sum, i) => Math.tanh(sum + wu[i] * u + wy[i] * heard + b[i]));
}

/**
 * Teaches a random reservoir to be a sine wave, then commands it. `error` is how far its waves are from sines, and
 * `apart` how far a copy with another start is from it after the same teaching, as a share of the state's length.
 */
export async function followCommands(units: number, radius: number, seed: number) {
  const random = new Random(seed);
  const reservoir = randomReservoir(units, radius, random);
  const teaching = teachingWave(TEACHING, NOISE, random);
  const statesFrom = (x: Vector) =>
    teaching.map(({ frequency, heard }) => {
      x = reservoir(x, command(frequency), heard);
      return x;
    });
  const states = statesFrom(new Float64Array(units));
  const others = statesFrom(new Float64Array(units).map(() => 2 * random.next() - 1));
  let x = states.at(-1)!;
  const apart = norm(plus(x, -1, others.at(-1)!)) / norm(x);

  const seen = (x: Vector, u: number) => Float64Array.of(...x, u, 1);
  const all = teaching.map(({ frequency }, t) => seen(states[t], command(frequency))).slice(SETTLING);
  const taught = Float64Array.from(teaching, ({ y }) => y).slice(SETTLING);
  const R = await ridgeRegression(all, taught, RIDGE);

  let { y } = teaching.at(-1)!;
  const waves = WANTED.map((wanted) => {
    const wave = new Float64Array(400).map(() => {
      x = reservoir(x, command(wanted), y);
      y = dot(R, seen(x, command(wanted)));
      return y;
    });
    const settled = wave.subarray(SETTLING);
    return { wanted, made: frequencyOf(settled), error: distanceFromSine(settled, wanted), wave };
  });
  return { waves, error: waves.reduce((total, { error }) => total + error, 0) / waves.length, apart };
}

await main(import.meta.filename, async () => {
  const { units, seed, out } = commandLine({
    units: whole(150, 1, 2000),
    seed: whole(1, 0),
    out: page,
  }).values;
  const line = (cells: readonly (number | string)[]) =>
    console.log(cells.map((cell) => String(cell).padStart(8)).join(''));
  console.log('        waves a step: wanted and made');
  line(['radius', ...WANTED, 'error', 'apart']);
  const figures: string[] = [];
  for (const radius of RADII) {
    const { waves, error, apart } = await followCommands(units, radius, seed);
    line([radius, ...waves.map(({ made }) => made.toFixed(5)), error.toFixed(3), apart.toExponential(0)]);
    const changes = waves.flatMap(({ wave }) => [...wave.subarray(0, 100)]);
    const points = changes.map((value, t) => [t, value] as const);
    const marks = WANTED.map((_, i) => ({ x: 100 * i, label: '' }));
    const axes = { title: `Spectral radius ${radius}`, unit: '', xLabel: 'step', marks };
    figures.push(lineChart([{ name: 'y', style: 'plain', points }], axes));
  }
  if (out === undefined) return;
  const commands = WANTED.join(', then ');
  const note = `Told to make ${commands} waves a step. The first 100 of the 400 steps behind each command.`;
  writePage(out, 'An echo state network', note, `<div class="charts">${figures.join('\n')}</div>`);
});
