/**
 * Echo state network: a recurrent net in which nothing recurrent is learnt (Jaeger 2001; Hinton's lecture 8).
 *
 * A reservoir of fixed random units hears the wanted frequency u_t and the net's own last output y_{t-1}:
 *
 *     x_t = tanh(W x_{t-1} + wu u_t + wy y_{t-1} + b)        y_t = R [x_t, u_t, 1]
 *
 * Only the readout R is fitted, as a linear regression: while a teacher's sine wave stands in for y, the states are
 * written down, and R is what makes the wave of them. There is no gradient, so none vanishes. Then the teacher goes, and
 * the net makes waves of frequencies that it was never taught.
 *
 * What decides is the spectral radius of W. Near 0 the state remembers little; above 1 it is ever less an echo of what
 * was heard, in the end chaos: two copies that start differently and hear the same stay apart.
 *
 *     npx tsx scripts/lectures/echo-state.ts [options]
 *
 *     --radius X           spectral radius (0.3)
 *     --units N            (150)
 *     --out FILE           a page with waves and errors (none)
 *     --seed N             (1)
 *
 * In 17 seconds of one core (an error of 0 is the sine that was wanted, 1 as far from it as silence):
 *
 *     Waves a step of 150 random units with a spectral radius of 0.3:
 *        wanted     made    error
 *          0.06   0.0600    0.005
 *          0.14   0.1401    0.042
 *          0.08   0.0800    0.018
 *          0.11   0.1099    0.038
 *          0.07   0.0699    0.039
 *          0.13   0.1301    0.032
 *
 *        radius    error of three     nets    apart
 *          0.05    0.131    0.584    0.833     0e+0
 *           0.1    0.051    0.088    0.228     0e+0
 *           0.3    0.019    0.029    0.047    8e-17
 *           0.5    0.021    0.027    0.051    2e-16
 *           0.7    0.012    0.043    0.216    2e-16
 *           0.9    0.041    0.043    0.055    3e-16
 *           1.1    0.048    0.085    0.095    5e-16
 *           1.3    0.085    0.148    0.247    6e-16
 *           1.6    0.261    0.268    0.472    2e-15
 *             2    0.833    1.050    1.094     8e-1
 */
import { Random } from '../../src/random.ts';
import { lineChart } from '../../src/report/chart.ts';
import { commandLine, positive, text, whole } from './parts/command-line.ts';
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
import { writePage } from './parts/page.ts';

const TEACHING = 4000; // steps
const HELD = 100; // steps until the teacher's frequency changes
const SETTLING = 100; // steps after a start or a change that nothing is measured on
const NOISE = 0.01; // on the teacher's wave as it is heard: the net's own won't be exact, and has to come back
const RIDGE = 1e-4;
/** Waves a step that the net is asked for. The teacher's are from 0.05 to 0.15, and none is one of these. */
const WANTED = [0.06, 0.14, 0.08, 0.11, 0.07, 0.13];
const WANTED_STEPS = 400;
const RADII = [0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 1.1, 1.3, 1.6, 2];

/** A fixed net: from x [units], a frequency and the last output to the next x. */
function randomReservoir(units: number, radius: number, random: Random) {
  const vector = (element: () => number) => Float64Array.from({ length: units }, element);
  const W = Array.from({ length: units }, () => vector(() => random.normal()));
  const scale = radius / spectralRadius(W);
  const [wu, wy, b] = [1, 2, 3].map(() => vector(() => 2 * random.next() - 1));
  return (x: Vector, frequency: number, heard: number): Vector => {
    const u = (frequency - 0.1) / 0.05;
    return multiply(W, x).map((sum, i) => Math.tanh(scale * sum + wu[i] * u + wy[i] * heard + b[i]));
  };
}

/** How often a wave goes up through zero, a step. */
function frequencyOf(wave: Vector): number {
  const crossings = [...wave].flatMap((y, t) => {
    const before = wave[t - 1];
    return before < 0 && y >= 0 ? [t - y / (y - before)] : [];
  });
  return crossings.length < 2 ? 0 : (crossings.length - 1) / (crossings.at(-1)! - crossings[0]);
}

/** How far a wave is from the sine of a frequency, whatever its phase: 0 is that sine, 1 as far as silence. */
function distanceFromSine(wave: Vector, frequency: number): number {
  const angles = wave.map((_, t) => 2 * Math.PI * frequency * t);
  const phase = Math.atan2(dot(wave, angles.map(Math.cos)), dot(wave, angles.map(Math.sin)));
  const difference = wave.map((y, t) => y - Math.sin(angles[t] + phase));
  return norm(difference) / Math.sqrt(wave.length / 2);
}

/**
 * Teaches a random reservoir to be a sine wave, then commands it. `apart` is how far a copy with another start was from
 * it after 1000 steps of the same teaching, as a share of the state's length.
 */
export async function followCommands(units: number, radius: number, seed: number) {
  const random = new Random(seed);
  const reservoir = randomReservoir(units, radius, random);
  const seen = (x: Vector, frequency: number) => Float64Array.of(...x, frequency, 1);
  const Z = Array.from({ length: units + 2 }, () => new Float64Array(TEACHING - SETTLING));
  const y = new Float64Array(TEACHING - SETTLING);
  let x: Vector = new Float64Array(units);
  let other: Vector = x.map(() => 2 * random.next() - 1);
  let [phase, heard, apart] = [0, 0, 0];
  for (let t = 0; t < TEACHING; t++) {
    // Multiples of the golden ratio, modulo 1, fill a range evenly and in no order.
    const frequency = 0.05 + 0.1 * ((Math.floor(t / HELD) * 0.618034) % 1);
    x = reservoir(x, frequency, heard);
    if (t < 1000) other = reservoir(other, frequency, heard);
    if (t === 999) apart = norm(plus(x, -1, other)) / norm(x);
    phase += 2 * Math.PI * frequency;
    heard = Math.sin(phase) + NOISE * (2 * random.next() - 1);
    if (t < SETTLING) continue;
    for (const [i, value] of seen(x, frequency).entries()) Z[i][t - SETTLING] = value;
    y[t - SETTLING] = Math.sin(phase);
  }

  const readout = await ridgeRegression(Z, y, RIDGE);
  const waves = WANTED.map((wanted) => {
    const wave = new Float64Array(WANTED_STEPS).map(() => {
      x = reservoir(x, wanted, heard);
      heard = dot(seen(x, wanted), readout);
      return heard;
    });
    const settled = wave.subarray(SETTLING);
    return { wanted, made: frequencyOf(settled), error: distanceFromSine(settled, wanted), wave };
  });
  return { waves, error: waves.reduce((total, { error }) => total + error, 0) / waves.length, apart };
}

const row = (cells: readonly (number | string)[]) => cells.map((cell) => String(cell).padStart(9)).join('');

if (import.meta.filename === process.argv[1]) {
  await main(async () => {
    const { radius, units, seed, out } = commandLine({
      radius: positive(0.3),
      units: whole(150),
      seed: whole(1, 0),
      out: text,
    }).values;
    const { waves } = await followCommands(units, radius, seed);
    console.log(`Waves a step of ${units} random units with a spectral radius of ${radius}:`);
    console.log(row(['wanted', 'made', 'error']));
    for (const one of waves) console.log(row([one.wanted, one.made.toFixed(4), one.error.toFixed(3)]));

    console.log(`\n${row(['radius', 'error', 'of three', 'nets', 'apart'])}`);
    const errors: number[][] = [];
    for (const [i, r] of RADII.entries()) {
      const runs = [];
      for (const s of [seed, seed + 1, seed + 2]) runs.push(await followCommands(units, r, s));
      errors[i] = runs.map((run) => run.error).sort((a, b) => a - b);
      const apart = Math.max(...runs.map((run) => run.apart));
      console.log(row([r, ...errors[i].map((error) => error.toFixed(3)), apart.toExponential(0)]));
    }
    if (out === undefined) return;
    const changes = waves.slice(0, 3).flatMap(({ wave }) => [...wave.subarray(0, 120)]);
    const figures = [
      lineChart([{ name: 'wave', style: 'plain', points: changes.map((value, t) => [t, value]) }], {
        title: 'Its own wave',
        unit: 'and how many it is told to make a step',
        xLabel: 'step',
        marks: waves.slice(0, 3).map(({ wanted }, i) => ({ x: 120 * i, label: `${wanted}` })),
      }),
      lineChart(
        ['best', 'middle', 'worst'].map((name, k) => ({
          name: `${name} of three`,
          points: RADII.map((r, i) => [r, errors[i][k]] as const),
        })),
        { title: 'Error', unit: '0 as wanted, 1 as silence', xLabel: 'spectral radius', log: true },
      ),
    ];
    writePage(
      out,
      'An echo state network',
      'Only its readout was fitted.',
      `<div class="charts">${figures.join('\n')}</div>`,
    );
  });
}
