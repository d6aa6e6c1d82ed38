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
 * What it printed, in a second and a half:
 *
 *     1000 of 1000 sums of 24-bit numbers right in every bit, such as
 *
 *           a  0110000110000111001010110  12783190
 *           b  0101100111010101110000100  11774852
 *         sum  1011101101011100111011010  24558042
 *       carry  0100000110000111000000100  out of each column
 *      unit 5  0100000110000111000000100  its sign: the carry at 100.0 % of all steps
 */
import { rnn } from '../../src/decoder/cells/rnn.ts';
import * as ops from '../../src/graph/ops.ts';
import { Random } from '../../src/random.ts';
import { commandLine, whole } from './parts/command-line.ts';
import { closestUnit } from './parts/correlation.ts';
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

/** Random bits to add, and the sums' bits, one row a step; a sum has one bit more, T = bits + 1. */
function problems(random: Random, B: number, bits: number) {
  const [x, y, carries]: [number[], number[], number[]] = [[], [], []];
  for (let t = 0; t <= bits; t++) {
    for (let i = 0; i < B; i++) {
      const [a, b] = t < bits ? [random.int(2), random.int(2)] : [0, 0];
      const total = a + b + (carries[(t - 1) * B + i] ?? 0);
      x.push(a, b);
      y.push(total % 2);
      carries.push(total >= 2 ? 1 : 0);
    }
  }
  const input = { dims: [y.length, 2], data: Float32Array.from(x) };
  const output = { dims: [y.length], data: Int32Array.from(y) };
  return { inputs: { bits: input, sums: output }, x, y, carries };
}

type Options = Readonly<Record<'bits' | 'testBits' | 'hiddenSize' | 'steps' | 'seed', number>>;

/** Learns to add short numbers, and adds long ones: an answer is right if every bit is. */
export async function learnAddition(options: Options, tell: (line: string) => void = () => {}) {
  const { bits, testBits, hiddenSize: H, steps } = options;
  const random = new Random(options.seed);
  const short = adder(BATCH, bits + 1, H);
  const weights = initialWeights(short.weights, random);
  const learner = await Learner.create(short.loss, short.weights, weights, LEARNING);
  for (let step = 1; step <= steps; step++) {
    const { loss } = await learner.step(problems(random, BATCH, bits).inputs);
    if (step % Math.ceil(steps / 5) === 0) tell(`step ${step}: loss ${loss.toFixed(4)}`);
  }
  await learner.release();

  // The same weights over more steps.
  const long = adder(TESTS, testBits + 1, H);
  const tester = await Learner.create(long.loss, long.weights, weights, LEARNING, long.outputs);
  const { inputs, x, y, carries } = problems(random, TESTS, testBits);
  const { h, logits } = (await tester.step(inputs, false)).outputs;
  await tester.release();
  const answers = y.map((_, row) => (logits.data[2 * row + 1] > logits.data[2 * row] ? 1 : 0));
  const mistaken = answers.flatMap((answer, row) => (answer === y[row] ? [] : [row % TESTS]));
  const unit = closestUnit(h.data, H, [...y.keys()], carries);
  const signs = y.map((_, row) => (h.data[row * H + unit.index] * unit.correlation > 0 ? 1 : 0));
  const agreement = signs.filter((sign, row) => sign === carries[row]).length / signs.length;

  // The first sum as one writes it, the most significant bit first.
  const written = (values: readonly number[], stride = 1, at = 0) =>
    y
      .flatMap((_, row) => (row % TESTS === 0 ? [values[row * stride + at]] : []))
      .reverse()
      .join('');
  const number = (digits: string) => `${digits}  ${BigInt(`0b${digits}`)}`;
  const example = `
      a  ${number(written(x, 2, 0))}
      b  ${number(written(x, 2, 1))}
    sum  ${number(written(answers))}
  carry  ${written(carries)}  out of each column
${`unit ${unit.index}`.padStart(7)}  ${written(signs)}  its sign: the carry at ${(100 * agreement).toFixed(1)} % of all steps`;
  return { right: TESTS - new Set(mistaken).size, of: TESTS, agreement, example };
}

if (import.meta.filename === process.argv[1]) {
  await main(async () => {
    const { values } = commandLine<Options>({
      bits: whole(8),
      testBits: whole(24),
      hiddenSize: whole(8),
      steps: whole(1000),
      seed: whole(1, 0),
    });
    const { right, of, example } = await learnAddition(values, console.log);
    console.log(`\n${right} of ${of} sums of ${values.testBits}-bit numbers right in every bit, such as`);
    console.log(example);
  });
}
