/**
 * Optimizers side by side (CS231n, training neural networks; Martens & Sutskever 2011 for Hessian-free). g is the
 * gradient, but for Hessian-free scaled down to a norm of 1 where larger; src/training/optimizer.ts has all in full.
 *
 *     SGD            w -= rate g
 *     momentum       v = 0.9 v + g                           w -= rate v
 *     Adagrad        s += g^2                                w -= rate g / sqrt(s)
 *     RMSProp        s = 0.99 s + 0.01 g^2                   w -= rate g / sqrt(s)
 *     Adam           m, s: running means of g and g^2        w -= rate m / sqrt(s)
 *     Hessian-free   (G + damping I) d = -g                  w += d
 *
 * A vanilla RNN hears 5 bits and says each again 20 steps later: the gradient has a long way to go. The 32 sequences
 * there are make one batch, every optimizer starts from the same weights, and each has the best of four learning rates.
 * Hessian-free needs none: it solves for d by conjugate gradients, with the loss's curvature G, which comes of
 * differentiating the gradients again. Its steps are worth many others and cost many: we count the graphs that are run.
 *
 *     npx tsx scripts/lectures/optimizers.ts [options]
 *
 *     --budget N           graphs to run, for the others steps (600)
 *     --out FILE           a page with the curves (none)
 *     --seed N             (1)
 *
 * In 4 seconds: to a loss of 0.01 in 12 steps (138 graphs) by Hessian-free, 61 by Adam, 77 with momentum, 230 by SGD.
 */
import { Random } from '../../src/random.ts';
import { lineChart } from '../../src/report/chart.ts';
import { commandLine, whole } from './parts/command-line.ts';
import { HessianFree } from './parts/hessian-free.ts';
import { Learner, type LearnerOptions } from './parts/learner.ts';
import { main } from './parts/main.ts';
import { BITS, DELAY, memoryNet, memoryTask } from './parts/memory-task.ts';
import { page, writePage } from './parts/page.ts';
import { initialWeights } from './parts/weights.ts';

const H = 32; // hidden units
const GOAL = 0.01; // for the loss, which starts near ln 2 = 0.69

type Method = Omit<LearnerOptions, 'learningRate'> & { readonly rates: readonly number[] };
const METHODS: Readonly<Record<string, Method>> = {
  SGD: { optimizer: 'sgd', momentum: 0, rates: [0.03, 0.1, 0.3, 1] },
  Momentum: { optimizer: 'sgd', momentum: 0.9, rates: [0.01, 0.03, 0.1, 0.3] },
  Adagrad: { optimizer: 'adagrad', rates: [0.003, 0.01, 0.03, 0.1] },
  RMSProp: { optimizer: 'rmsprop', rates: [0.0003, 0.001, 0.003, 0.01] },
  Adam: { optimizer: 'adam', rates: [0.001, 0.003, 0.01, 0.03] },
};

/** A training: the loss before each step, and how many graphs had been run by then. */
interface Curve {
  readonly name: string;
  readonly losses: readonly number[];
  readonly runs: readonly number[];
}

/** Takes steps until so many graphs were run. */
async function train(name: string, budget: number, step: () => Promise<{ loss: number; runs?: number }>) {
  const curve = { name, losses: [] as number[], runs: [] as number[] };
  for (let run = 0; run <= budget; ) {
    const { loss, runs = 1 } = await step();
    curve.losses.push(loss);
    curve.runs.push(run);
    run += runs;
  }
  return curve;
}

/** The curve of each method at its best rate, and of Hessian-free last, all for the same number of graphs run. */
export async function compareOptimizers(budget: number, seed: number): Promise<Curve[]> {
  const { weights, logits, loss } = memoryNet(H);
  const sequences = memoryTask();
  const firstWeights = () => initialWeights(weights, new Random(seed));
  const area = ({ losses }: Curve) => losses.reduce((sum, x) => sum + x);
  const curves: Curve[] = [];
  for (const [name, { rates, ...method }] of Object.entries(METHODS)) {
    const tried: Curve[] = [];
    for (const learningRate of rates) {
      const learner = Learner.create(loss, weights, firstWeights(), { ...method, learningRate, clipNorm: 1 });
      tried.push(await train(`${name}, rate ${learningRate}`, budget, () => learner.step(sequences)));
      await learner.release();
    }
    // The best has the least loss on average.
    curves.push(tried.reduce((best, curve) => (area(curve) < area(best) ? curve : best)));
  }
  const hessianFree = new HessianFree(loss, logits, weights, firstWeights());
  curves.push(await train('Hessian-free', budget, () => hessianFree.step(sequences)));
  await hessianFree.release();
  return curves;
}

/** The first step at which the loss is this low. */
export function stepsTo(goal: number, { losses }: Curve): number {
  const step = losses.findIndex((loss) => loss <= goal);
  return step < 0 ? Number.POSITIVE_INFINITY : step;
}

await main(import.meta.filename, async () => {
  const { budget, seed, out } = commandLine({ budget: whole(600), seed: whole(1, 0), out: page }).values;
  const curves = await compareOptimizers(budget, seed);
  const print = (name: string, ...cells: readonly unknown[]) =>
    console.log(name.padEnd(20) + cells.map((cell) => String(cell).padStart(14)).join(''));
  print('', `steps to ${GOAL}`, 'graphs run', `loss at ${budget}`);
  for (const curve of curves) {
    const steps = stepsTo(GOAL, curve);
    const done = Number.isFinite(steps) ? steps : 'never';
    print(curve.name, done, curve.runs[steps] ?? '', curve.losses.at(-1)!.toExponential(1));
  }
  if (out === undefined) return;
  const chart = (title: string, xLabel: string, x: (curve: Curve, step: number) => number) => {
    const series = curves.map((curve) => {
      const points = curve.losses.map((loss, step) => [x(curve, step), loss] as const);
      return { name: curve.name, style: 'plain' as const, points: points.filter(([, y]) => y > 1e-5) };
    });
    return lineChart(series, { title, unit: 'nats a bit, down to 0.00001', xLabel, log: true });
  };
  const figures = [
    chart('Loss by step', 'step', (_, step) => step),
    chart('Loss by work', 'graphs run', ({ runs }, step) => runs[step]),
  ];
  const task = `An RNN with ${H} units says ${BITS} bits again, ${DELAY} steps after it heard them.`;
  writePage(out, 'Optimizers side by side', task, `<div class="charts">${figures.join('')}</div>`);
});
