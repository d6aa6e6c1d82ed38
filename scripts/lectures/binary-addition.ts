/**
 * A recurrent net learns to add (recurrent nets compute with what they remember).
 *
 * Two binary numbers come in bit by bit, the least significant first: x_t = (bit t of a, bit t of b). The net says
 * bit t of their sum. What it must remember from step to step is the carry, and nobody tells it so:
 *
 *     h_t = tanh(Wx x_t + Wh h_{t-1} + b)        p_t = softmax(Wy h_t + by)
 *
 * It learns from 8-bit numbers and then adds 24-bit ones: a net that knew its sums by heart would fail, a net that
 * carries does not (try --test-bits 200). Then we look for the unit of h that tells the carry best.
 *
 *     npx tsx scripts/lectures/binary-addition.ts [options]
 *
 *     --bits N             of the numbers to learn from (8)
 *     --test-bits N        of the numbers to add afterwards (24)
 *     --hidden-size N      hidden units (8)
 *     --steps N            batches of 64 sums to learn from (1000)
 *     --seed N             (1)
 *
 * In a second: 1000 of 1000 sums of 24-bit numbers right; the sign of unit 5 is the carry at 100.0 % of all steps.
 */
import { rnn } from '../../src/decoder/cells/rnn.ts';
import * as ops from '../../src/graph/ops.ts';
import { Random } from '../../src/random.ts';
import { binarySums, firstNumber } from './parts/binary-sums.ts';
import { commandLine, whole } from './parts/command-line.ts';
import { closestUnit } from './parts/correlation.ts';
import { Graph } from './parts/graph.ts';
import { Learner, type LearnerOptions } from './parts/learner.ts';
import { main } from './parts/main.ts';
import { unroll } from './parts/unroll.ts';
import { initialWeights } from './parts/weights.ts';

const BATCH = 64;
/** Sums that the net is tested on. */
const TESTS = 1000;
const LEARNING: LearnerOptions = { optimizer: 'adam', learningRate: 0.01, clipNorm: 1 };

/** The net over T steps of B sums at once, rows step after step: inputs bits [T*B,2] and sums [T*B]. */
function adder(B: number, T: number, H: number) {
  const { add, matmul, parameter } = ops;
  const [Wx, Wh, b] = [parameter('Wx', [2, H]), parameter('Wh', [H, H]), parameter('b', [H])];
  const [Wy, by] = [parameter('Wy', [H, 2]), parameter('by', [2])];
  const x = ops.input('bits', [T * B, 2]);
  const [, ...states] = unroll(rnn, add(matmul(x, Wx), b), T, { Wh }, H);
  const h = ops.concat(
    states.map((state) => state.h),
    0,
  );
  const logits = add(matmul(h, Wy), by);
  const losses = ops.crossEntropy(logits, ops.input('sums', [T * B], 'int32'));
  const loss = ops.mul(ops.sum(losses), 1 / (T * B));
  return { loss, weights: { Wx, Wh, b, Wy, by }, outputs: { h, logits } };
}

type Options = Readonly<Record<'bits' | 'testBits' | 'hiddenSize' | 'steps' | 'seed', number>>;

/** Learns to add short numbers, and adds long ones: an answer is right if every bit is. */
export async function learnAddition(options: Options, tell: (line: string) => void = () => {}) {
  const { bits, testBits, hiddenSize: H, steps } = options;
  const random = new Random(options.seed);
  const short = adder(BATCH, bits + 1, H);
  const weights = initialWeights(short.weights, random);
  const learner = Learner.create(short.loss, short.weights, weights, LEARNING);
  for (let step = 1; step <= steps; step++) {
    const { loss } = await learner.step(binarySums(random, BATCH, bits).inputs);
    if (step % Math.ceil(steps / 5) === 0) tell(`step ${step}: loss ${loss.toFixed(4)}`);
  }
  await learner.release();

  // The same weights over more steps.
  const net = new Graph(adder(TESTS, testBits + 1, H).outputs);
  const { a, b, sum, carry, inputs } = binarySums(random, TESTS, testBits);
  const { h, logits } = await net.run(weights, inputs);
  await net.release();
  const answer = sum.map((_, row) => (logits.data[2 * row + 1] > logits.data[2 * row] ? 1 : 0));
  // Which sums have a wrong bit: row t * TESTS + i is step t of sum i.
  const mistaken = answer.flatMap((bit, row) => (bit === sum[row] ? [] : [row % TESTS]));

  const unit = closestUnit(h.data, H, [...sum.keys()], carry);
  const sign = sum.map((_, row) => (h.data[row * H + unit.index] * unit.correlation > 0 ? 1 : 0));
  const agreement = sign.filter((bit, row) => bit === carry[row]).length / sign.length;
  const first = (list: readonly number[]) => firstNumber(list, TESTS);
  return {
    ...{ right: TESTS - new Set(mistaken).size, of: TESTS, agreement, unit: unit.index },
    first: { a: first(a), b: first(b), sum: first(answer), carry: first(carry), sign: first(sign) },
  };
}

await main(import.meta.filename, async () => {
  const sizes = { bits: whole(8, 1, 100), testBits: whole(24, 1, 1000), hiddenSize: whole(8, 1, 1000) };
  const { values } = commandLine<Options>({ ...sizes, steps: whole(1000), seed: whole(1, 0) });
  const { right, of, agreement, unit, first } = await learnAddition(values, console.log);
  console.log(`\n${right} of ${of} sums of ${values.testBits}-bit numbers right in every bit, such as\n`);
  const print = (name: string, bits: string, says: unknown) =>
    console.log(`${name.padStart(11)}  ${bits}  ${says}`);
  for (const name of ['a', 'b', 'sum'] as const) print(name, first[name], BigInt(`0b${first[name]}`));
  print('carry', first.carry, 'out of each column');
  const share = `${(100 * agreement).toFixed(1)} % of all steps`;
  print(`unit ${unit}`, first.sign, `its sign: the carry at ${share}`);
});
