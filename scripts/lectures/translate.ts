/**
 * Translation with attention (many-to-one, then one-to-many: Sutskever et al. 2014; attention: Bahdanau et al. 2015).
 *
 * A GRU reads English words and keeps its states h_1 .. h_S. Another starts with the last of them and says French words.
 * At each step it looks back at all h_j, at each as much as a small net finds it worth:
 *
 *     e_j = v tanh(W s + U h_j)      a = softmax(e)      c = sum of a_j h_j      word = softmax(Wo [s, c] + bo)
 *
 * The language is tiny but turns words around as French does: la petite maison rouge is the small red house, ne le voit
 * pas is does not see him, and articles agree with a noun that comes later. Nobody says which word belongs to which: the
 * map of a shows what the net has found out. (For pas it looks at see rather than at not: h_j has read all words up to j,
 * so see already knows that it is negated.) For comparison another net looks at the last state only, so that one vector
 * has to hold the whole sentence.
 *
 *     npx tsx scripts/lectures/translate.ts [options]
 *
 *     --steps N            batches of 64 sentences to learn from (500)
 *     --hidden-size N      (32)
 *     --out FILE           a page with maps (none)
 *     --seed N             (1)
 *
 * It translates 200 of 200 sentences that it never saw, and for noire it looks at black with 91 % of its attention,
 * though house comes later. From the last state only, 33 are right.
 */
import { gru } from '../../src/decoder/cells/gru.ts';
import type { Expr } from '../../src/graph/expr.ts';
import * as ops from '../../src/graph/ops.ts';
import { Random } from '../../src/random.ts';
import { commandLine, whole } from './parts/command-line.ts';
import { ENGLISH, FRENCH, LONGEST, randomSentences } from './parts/english-french.ts';
import { Graph } from './parts/graph.ts';
import { isRight, type Translation, translateGreedily } from './parts/greedy-translation.ts';
import { heatMap, heatTable } from './parts/heat-map.ts';
import { Learner, type LearnerOptions } from './parts/learner.ts';
import { main } from './parts/main.ts';
import { page, writePage } from './parts/page.ts';
import { sentenceBatch } from './parts/sentence-batch.ts';
import { unroll } from './parts/unroll.ts';
import { initialWeights } from './parts/weights.ts';

const [BATCH, TESTS] = [64, 200];
const [S, E] = [LONGEST, 32]; // steps, and numbers in the vector of a word
const LEARNING: LearnerOptions = { optimizer: 'adam', learningRate: 0.005, clipNorm: 1 };

/** The net for B sentences, with the inputs of parts/sentence-batch.ts. Attention is [S*B,S], a row a French word. */
function translator(B: number, H: number) {
  const { add, concat, gather, input, matmul, mul, parameter, sum, unsqueeze } = ops;
  const [V, F, G] = [ENGLISH.length, FRENCH.length, 3 * H];
  const [Ew, Fw] = [parameter('Ew', [V, E]), parameter('Fw', [F, E])];
  // A GRU's bias stands within the product with Wh, where the reset gate reaches it (its bh).
  const [Ex, Eh, be] = [parameter('Ex', [E, G]), parameter('Eh', [H, G]), parameter('be', [G])];
  const [Fx, Fh, bf] = [parameter('Fx', [E, G]), parameter('Fh', [H, G]), parameter('bf', [G])];
  const [W, U, v] = [parameter('W', [H, H]), parameter('U', [H, H]), parameter('v', [H])];
  const [Wo, bo] = [parameter('Wo', [2 * H, F]), parameter('bo', [F])];
  const words = (name: string) => input(name, [S * B], 'int32');
  const mask = input('mask', [B, S]);

  const english = matmul(gather(Ew, words('english')), Ex);
  const [, ...read] = unroll(gru, english, S, { Wh: Eh, bh: be }, H);
  const stack = (parts: Expr[]) => {
    const columns = parts.map((part) => unsqueeze(part, [1]));
    return concat(columns, 1); // [B,S,H]
  };
  const h = stack(read.map((state) => state.h));
  const Uh = stack(read.map((state) => matmul(state.h, U)));

  const before = matmul(gather(Fw, words('before')), Fx);
  const [, ...spoken] = unroll(gru, before, S, { Wh: Fh, bh: bf }, H, read.at(-1));
  const attention = spoken.map(({ h: s }) => {
    const Ws = unsqueeze(matmul(s, W), [1]);
    const e = sum(mul(ops.tanh(add(Ws, Uh)), v), [2]);
    return ops.softmax(add(e, mask));
  });
  const sc = spoken.map(({ h: s }, t) => {
    const c = sum(mul(unsqueeze(attention[t], [2]), h), [1]);
    return concat([s, c], 1);
  });
  const logits = add(matmul(concat(sc, 0), Wo), bo);
  const loss = mul(sum(ops.crossEntropy(logits, words('french'))), 1 / (S * B));
  const weights = { Ew, Ex, Eh, be, Fw, Fx, Fh, bf, W, U, v, Wo, bo };
  return { loss, weights, outputs: { logits, attention: concat(attention, 0) } };
}

type Options = Readonly<Record<'hiddenSize' | 'steps' | 'seed', number>>;

/** Learns from made-up sentences, then translates others. Where it may not look back it sees the last state only. */
export async function learnToTranslate(options: Options, looksBack: boolean): Promise<Translation[]> {
  const random = new Random(options.seed);
  const tests = randomSentences(random, TESTS);
  const net = translator(BATCH, options.hiddenSize);
  const weights = initialWeights(net.weights, random);
  const learner = Learner.create(net.loss, net.weights, weights, LEARNING);
  for (let step = 0; step < options.steps; step++)
    await learner.step(sentenceBatch(randomSentences(random, BATCH, tests), looksBack));
  await learner.release();

  const speaker = new Graph(translator(TESTS, options.hiddenSize).outputs);
  const translations = await translateGreedily(tests, (soFar) =>
    speaker.run(weights, sentenceBatch(soFar, looksBack)),
  );
  await speaker.release();
  return translations;
}

await main(import.meta.filename, async () => {
  const { out, ...options } = commandLine({
    steps: whole(500),
    hiddenSize: whole(32, 1, 1000),
    out: page,
    seed: whole(1, 0),
  }).values;
  const translations = await learnToTranslate(options, true);
  const right = (all: readonly Translation[]) => `${all.filter(isRight).length} of ${all.length}`;
  console.log(`With attention, ${right(translations)} new sentences right; where it looked, in %:\n`);
  const examples = translations.filter(({ english }) => english.length > 8).slice(0, 4);
  console.log(heatTable(examples[0].said, examples[0].english, examples[0].attention));
  const blind = await learnToTranslate(options, false);
  console.log(`\nWith the last state only, ${right(blind)} new sentences right.`);
  if (out === undefined) return;
  const maps = examples.map((one) => heatMap(one.said.join(' '), one.said, one.english, one.attention));
  const note = 'Rows: the French words said. Columns: the English words that the net looked at for each.';
  writePage(out, 'Translation with attention', note, `<div class="charts">${maps.join('\n')}</div>`);
});
