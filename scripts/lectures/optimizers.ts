/**
 * Optimizers side by side (CS231n, training neural networks; Martens & Sutskever 2011 for Hessian-free).
 *
 * A vanilla RNN hears 5 bits and says each again 20 steps later: the gradient has a long way to go. The 32 sequences
 * there are make one batch, every optimizer starts from the same weights, and gradients are scaled down to a norm of 1.
 * Each has the best of four learning rates (below): with it, it gets to a loss of 0.01 first, or else lowest.
 *
 * Hessian-free (parts/hessian-free.ts) has no learning rate. It solves for its step by conjugate gradients, with
 * curvature that comes of differentiating the net's gradients again. Its steps are worth many of the others' and cost
 * many: the table and the second chart count how often a graph was run.
 *
 *     npx tsx scripts/lectures/optimizers.ts [options]
 *
 *     --hidden-size N      (32)
 *     --budget N           graphs to run, for the others steps (600)
 *     --out FILE           a page with the curves (none)
 *     --seed N             (1)
 *
 * In 4 seconds of one core:
 *
 *                            best rate  steps to 0.1 steps to 0.01    graphs run   loss at 600
 *     SGD                          0.1           136           230           230        1.7e-3
 *     SGD, momentum 0.9            0.1            58            77            77        1.0e-4
 *     Adagrad                     0.01           181           388           388        5.0e-3
 *     RMSProp                    0.001           164           273           273        8.4e-4
 *     Adam                        0.01            41            61            61        8.0e-5
 *     Hessian-free                                 9            12           138        3.9e-8
 *
 * Other weights to start from are another race. Over seeds 1 to 5, Adam takes 61 to 293 steps to 0.01, momentum 77 to
 * 348, Hessian-free 12 to 24, for which it runs 138 to 366 graphs. Plain SGD, Adagrad and RMSProp don't always get there.
 */
import { Random } from '../../src/random.ts';
import { lineChart } from '../../src/report/chart.ts';
import { commandLine, text, whole } from './parts/command-line.ts';
import { HessianFree } from './parts/hessian-free.ts';
import { Learner, type LearnerOptions } from './parts/learner.ts';
import { main } from './parts/main.ts';
import { BITS, DELAY, memoryNet, memoryTask } from './parts/memory-task.ts';
import { writePage } from './parts/page.ts';
import { initialWeights } from './parts/weights.ts';

/** Of the loss, which starts near ln 2 = 0.69. */
const GOAL = 0.01;

/** Learning rates that were tried of each. */
const METHODS: Readonly<
  Record<string, { readonly rates: readonly number[] } & Omit<LearnerOptions, 'learningRate'>>
> = {
  SGD: { optimizer: 'sgd', momentum: 0, rates: [0.03, 0.1, 0.3, 1] },
  'SGD, momentum 0.9': { optimizer: 'sgd', momentum: 0.9, rates: [0.01, 0.03, 0.1, 0.3] },
  Adagrad: { optimizer: 'adagrad', rates: [0.003, 0.01, 0.03, 0.1] },
  RMSProp: { optimizer: 'rmsprop', rates: [0.0003, 0.001, 0.003, 0.01] },
  Adam: { optimizer: 'adam', rates: [0.001, 0.003, 0.01, 0.03] },
};

/** A training: the loss before each step, and how many graphs had been run by then. */
interface Curve {
  readonly name: string;
  readonly rate: number | null;
  readonly losses: readonly number[];
  readonly runs: readonly number[];
}

/** The first step at which the loss is this low. */
export function stepsTo(goal: number, { losses }: Curve): number {
  const step = losses.findIndex((loss) => loss <= goal);
  return step < 0 ? Number.POSITIVE_INFINITY : step;
}

/** Which of two learning rates is the better one. */
const byMerit = (a: Curve, b: Curve) =>
  stepsTo(GOAL, a) - stepsTo(GOAL, b) || a.losses.at(-1)! - b.losses.at(-1)!;

/** The curve of each method at its best rate, and of Hessian-free last, all for the same number of graphs run. */
export async function compareOptimizers(H: number, budget: number, seed: number): Promise<Curve[]> {
  const { weights, logits, loss } = memoryNet(H);
  const sequences = memoryTask();
  const firstWeights = () => initialWeights(weights, new Random(seed));
  const train = async (
    name: string,
    rate: number | null,
    step: () => Promise<{ loss: number; runs?: number }>,
  ) => {
    const curve = { name, rate, losses: [] as number[], runs: [] as number[] };
    for (let run = 0; run <= budget; ) {
      const { loss, runs = 1 } = await step();
      curve.losses.push(loss);
      curve.runs.push(run);
      run += runs;
    }
    return curve;
  };
  const curves: Curve[] = [];
  for (const [name, { rates, ...method }] of Object.entries(METHODS)) {
    const tried: Curve[] = [];
    for (const learningRate of rates) {
      const options = { ...method, learningRate, clipNorm: 1 };
      const learner = await Learner.create(loss, weights, firstWeights(), options);
      tried.push(await train(name, learningRate, () => learner.step(sequences)));
      await learner.release();
    }
    curves.push(tried.toSorted(byMerit)[0]);
  }
  const learner = await HessianFree.create(loss, logits, weights, firstWeights());
  curves.push(await train('Hessian-free', null, () => learner.step(sequences)));
  await learner.release();
  return curves;
}

if (import.meta.filename === process.argv[1]) {
  await main(async () => {
    const { hiddenSize, budget, seed, out } = commandLine({
      hiddenSize: whole(32),
      budget: whole(600),
      seed: whole(1, 0),
      out: text,
    }).values;
    const curves = await compareOptimizers(hiddenSize, budget, seed);
    const row = (cells: readonly (string | number)[]) => {
      const [first, ...others] = cells.map(String);
      console.log(first.padEnd(18) + others.map((cell) => cell.padStart(14)).join(''));
    };
    row(['', 'best rate', 'steps to 0.1', `steps to ${GOAL}`, 'graphs run', `loss at ${budget}`]);
    for (const curve of curves) {
      const steps = [0.1, GOAL].map((goal) => stepsTo(goal, curve));
      const shown = [...steps, curve.runs[steps[1]] ?? Number.POSITIVE_INFINITY].map((n) =>
        n === Number.POSITIVE_INFINITY ? 'never' : n,
      );
      row([curve.name, curve.rate ?? '', ...shown, curve.losses.at(-1)!.toExponential(1)]);
    }
    if (out === undefined) return;
    const chart = (title: string, xLabel: string, x: (curve: Curve, step: number) => number) =>
      lineChart(
        curves.map((curve) => ({
          name: curve.rate === null ? curve.name : `${curve.name}, rate ${curve.rate}`,
          style: 'plain' as const,
          points: curve.losses
            .map((loss, step) => [x(curve, step), loss] as const)
            .filter(([, y]) => y > 1e-5),
        })),
        { title, unit: 'nats a bit, down to 0.00001', xLabel, log: true },
      );
    const figures = [
      chart('Loss by step', 'step', (_, step) => step),
      chart('Loss by work', 'graphs run', ({ runs }, step) => runs[step]),
    ];
    const task = `A vanilla RNN with ${hiddenSize} units says ${BITS} bits again, ${DELAY} steps after it heard them.`;
    writePage(out, 'Optimizers side by side', task, `<div class="charts">${figures.join('\n')}</div>`);
  });
}
