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
 * map of a shows what the net has found out. For comparison another net looks at the last state only, so that one
 * vector has to hold the whole sentence.
 *
 *     npx tsx scripts/lectures/translate.ts [options]
 *
 *     --steps N            batches of 64 sentences to learn from (500)
 *     --hidden-size N      (32)
 *     --out FILE           a page with maps (none)
 *     --seed N             (1)
 *
 * In 5 seconds of one core:
 *
 *     With attention, 200 of 200 new sentences right in every word; where it looked, in %:
 *
 *                 the   book   does    not    see    the  black  house      .
 *     le           72     26      .      .      .      .      .      1      .
 *     livre         1     99      .      .      .      .      .      .      .
 *     ne            .      1      .     76      6      1      7      9      .
 *     voit          .      .      .      1     93      2      1      2      .
 *     pas           .      .      .      .     94      3      .      3      .
 *     la            .      .      .      .      1     53      1     44      2
 *     maison        .      .      .      .      1      1      1     97      .
 *     noire         .      .      .      .      1      .     91      .      8
 *     .             .      .      .      .      1      .      5      .     94
 *
 *     With the last state only, 33 of 200 new sentences right.
 */
import { gru } from '../../src/decoder/cells/gru.ts';
import type { Expr } from '../../src/graph/expr.ts';
import * as ops from '../../src/graph/ops.ts';
import { Random } from '../../src/random.ts';
import { commandLine, text, whole } from './parts/command-line.ts';
import {
  ENGLISH,
  FRENCH,
  LONGEST,
  randomSentence,
  type SentencePair,
  wordIds,
} from './parts/english-french.ts';
import { heatMap } from './parts/heat-map.ts';
import { Learner } from './parts/learner.ts';
import { main } from './parts/main.ts';
import { writePage } from './parts/page.ts';
import { initialWeights } from './parts/weights.ts';

const BATCH = 64;
const TESTS = 200;
const E = 32; // width of an embedded word
const S = LONGEST;
const LEARNING = { optimizer: 'adam', learningRate: 0.005, clipNorm: 1 } as const;

/**
 * The net for B sentences. Words are ids [S*B], all first words first; `hidden` [B,S] is far below 0 for each h_j that
 * must not be looked at. Looks are [S*B,S], a row for each French word.
 */
function translator(B: number, H: number) {
  const cell = (name: string, V: number) => ({
    [`${name}.words`]: [V, E],
    [`${name}.Wx`]: [E, 3 * H],
    [`${name}.Wh`]: [H, 3 * H],
    [`${name}.bh`]: [3 * H],
  });
  const attention = { W: [H, H], U: [H, H], v: [H] };
  const output = { Wo: [2 * H, FRENCH.length], bo: [FRENCH.length] };
  const shapes = {
    ...cell('english', ENGLISH.length),
    ...cell('french', FRENCH.length),
    ...attention,
    ...output,
  };
  const named = Object.entries(shapes).map(([name, shape]) => [name, ops.parameter(name, shape)]);
  const w: Readonly<Record<string, Expr>> = Object.fromEntries(named);
  const ids = (name: string) => ops.input(name, [S * B], 'int32');
  const steps = (rows: Expr) => ops.split(rows, 0, new Array<number>(S).fill(B));
  const rows = (parts: Expr[]) => ops.concat(parts, 0);
  const run = (name: string, ids: Expr, start?: Expr) => {
    const [words, Wx, Wh, bh] = ['words', 'Wx', 'Wh', 'bh'].map((part) => w[`${name}.${part}`]);
    const inputs = steps(ops.matmul(ops.gather(words, ids), Wx));
    let h = start ?? ops.zeroRows(inputs[0], H);
    return inputs.map((a) => {
      h = gru.step(a, { h }, { Wh, bh }, H).h;
      return h;
    });
  };

  const read = run('english', ids('english'));
  const [states, keys] = [read, steps(ops.matmul(rows(read), w.U))].map((parts) => {
    const columns = parts.map((part) => ops.unsqueeze(part, [1]));
    return ops.concat(columns, 1); // [B,S,H]
  });
  const hidden = ops.input('hidden', [B, S]);
  const looks: Expr[] = [];
  const outputs = run('french', ids('before'), read.at(-1)).map((s) => {
    const match = ops.add(ops.unsqueeze(ops.matmul(s, w.W), [1]), keys);
    const e = ops.sum(ops.mul(ops.tanh(match), w.v), [2]);
    const a = ops.softmax(ops.add(e, hidden));
    looks.push(a);
    return ops.concat([s, ops.sum(ops.mul(ops.unsqueeze(a, [2]), states), [1])], 1);
  });
  const logits = ops.add(ops.matmul(rows(outputs), w.Wo), w.bo);
  const loss = ops.mul(ops.sum(ops.crossEntropy(logits, ids('french'))), 1 / (S * B));
  return { weights: w, loss, outputs: { logits, looks: rows(looks) } };
}

/** The net's inputs. What is hidden comes after the full stop, or, without attention, before the last state. */
function lesson(pairs: readonly SentencePair[], attention: boolean) {
  const [english, french] = [pairs.map((pair) => pair.english), pairs.map((pair) => pair.french)];
  const hidden = Float32Array.from({ length: pairs.length * S }, (_, i) => {
    const [b, j] = [Math.floor(i / S), i % S];
    return (attention ? j >= english[b].length : j < S - 1) ? -1e4 : 0;
  });
  return {
    english: wordIds(english, ENGLISH),
    hidden: { dims: [pairs.length, S], data: hidden },
    before: wordIds(french, FRENCH, 1),
    french: wordIds(french, FRENCH),
  };
}

/** A sentence, what the net said, and for each word of that how much it looked at each English one. */
export interface Translation extends SentencePair {
  readonly said: readonly string[];
  readonly looks: readonly (readonly number[])[];
}

/** Learns from sentences made up on the way, then translates others. Without attention it sees the last state only. */
export async function learnToTranslate(
  { hiddenSize: H, steps, seed }: { hiddenSize: number; steps: number; seed: number },
  attention: boolean,
): Promise<Translation[]> {
  const random = new Random(seed);
  const tests = Array.from({ length: TESTS }, () => randomSentence(random));
  const heldOut = new Set(tests.map(({ english }) => english.join(' ')));
  const another = (): SentencePair => {
    const pair = randomSentence(random);
    return heldOut.has(pair.english.join(' ')) ? another() : pair;
  };
  const net = translator(BATCH, H);
  const weights = initialWeights(net.weights, random);
  const learner = await Learner.create(net.loss, net.weights, weights, LEARNING);
  for (let step = 0; step < steps; step++) {
    await learner.step(lesson(Array.from({ length: BATCH }, another), attention));
  }
  await learner.release();

  // The likeliest words, one after the other: what is said at a step comes before the next.
  const wide = translator(TESTS, H);
  const speaker = await Learner.create(wide.loss, wide.weights, weights, LEARNING, wide.outputs);
  const translations = tests.map((pair) => ({ ...pair, said: [] as string[], looks: [] as number[][] }));
  for (let t = 0; t < S; t++) {
    const soFar = translations.map(({ english, said }) => ({ english, french: said }));
    const { logits, looks } = (await speaker.step(lesson(soFar, attention), false)).outputs;
    for (const [b, { english, said, looks: kept }] of translations.entries()) {
      if (said.at(-1) === '.') continue;
      const row = t * TESTS + b;
      const scores = logits.data.subarray(row * FRENCH.length, (row + 1) * FRENCH.length);
      said.push(FRENCH[scores.indexOf(Math.max(...scores))]);
      kept.push([...looks.data.subarray(row * S, row * S + english.length)]);
    }
  }
  await speaker.release();
  return translations;
}

/** Whether a translation is right in every word. */
export const isRight = ({ french, said }: Translation) => french.join(' ') === said.join(' ');

if (import.meta.filename === process.argv[1]) {
  await main(async () => {
    const { out, ...options } = commandLine({
      steps: whole(500),
      hiddenSize: whole(32),
      out: text,
      seed: whole(1, 0),
    }).values;
    const share = (all: readonly Translation[]) =>
      `${all.filter(isRight).length} of ${all.length} new sentences`;
    const translations = await learnToTranslate(options, true);
    console.log(`With attention, ${share(translations)} right in every word; where it looked, in %:\n`);
    const examples = translations.filter(({ english }) => english.length > 8).slice(0, 4);
    const line = (first: string, cells: readonly string[]) =>
      console.log(first.padEnd(8) + cells.map((cell) => cell.padStart(7)).join(''));
    for (const { english, said, looks } of examples.slice(0, 1)) {
      line('', english);
      for (const [i, word] of said.entries())
        line(
          word,
          looks[i].map((a) => (a < 0.005 ? '.' : (100 * a).toFixed(0))),
        );
    }
    console.log(`\nWith the last state only, ${share(await learnToTranslate(options, false))} right.`);
    if (out === undefined) return;
    const maps = examples.map(({ english, said, looks }) => heatMap(said.join(' '), said, english, looks));
    const note =
      'Rows: French words as they were said. Columns: the English words that the net looked at for each.';
    writePage(out, 'Translation with attention', note, `<div class="charts">${maps.join('\n')}</div>`);
  });
}
