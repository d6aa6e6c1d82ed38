/**
 * A character-level language model with a recurrent net: the job of Karpathy's min-char-rnn.py (the lectures'
 * "min-char-rnn, 112 lines of Python", gist.github.com/karpathy/d4dee566867f8291f086). It reads any text in chunks,
 * learns to foretell each next character, and writes some text of its own now and then.
 *
 *     h_t = tanh(Wx[character t] + Wh h_{t-1} + b)      p(next character) = softmax((h_t Wy + by) / temperature)
 *
 * Adagrad, gradients clipped to +-5, chunks of 25 characters. The state goes on from chunk to chunk while gradients
 * stop at the border: truncated backpropagation through time.
 *
 *     npx tsx scripts/lectures/char-rnn.ts [file] [options]
 *
 *     file                 any text (the types of JavaScript's library, 219 KB that TypeScript brings along)
 *     --cell NAME          any of docs/decoders.md (rnn)
 *     --hidden-size N      (100)
 *     --chunk N            characters from one step of learning to the next (25)
 *     --learning-rate X    (0.1)
 *     --iterations N       steps of learning (10000)
 *     --sample-every N     of these (1000)
 *     --length N           of samples (200)
 *     --temperature X      below 1 is safer, above 1 more varied (1)
 *     --prime TEXT         what samples go on from, read from a state of zeros (where the learning is, as in the gist)
 *     --seed N             (1)
 *
 * In 6 seconds the loss (nats over a chunk, smoothed) fell from 112.8 to 38.5 at iteration 8000, behind the typed arrays,
 * which are all alike, and rose to 48.2 at 10,000: other types come then, and from iteration 8760 on the file's start
 * again. With --cell lstm --iterations 4000 it fell to 30.1.
 */
import { fileURLToPath } from 'node:url';
import { CELLS, type CellName } from '../../src/decoder/cells/table.ts';
import { UserError } from '../../src/errors.ts';
import { Random } from '../../src/random.ts';
import { Alphabet } from './parts/alphabet.ts';
import { among, commandLine, positive, text, whole } from './parts/command-line.ts';
import { main } from './parts/main.ts';
import { readText } from './parts/read-text.ts';
import { lesson, TextModel } from './parts/text-model.ts';
import { Writer } from './parts/writer.ts';

const TEXT = fileURLToPath(new URL('../../node_modules/typescript/lib/lib.es5.d.ts', import.meta.url));

type Learning = 'hiddenSize' | 'chunk' | 'learningRate' | 'iterations' | 'seed';
type Writing = 'sampleEvery' | 'length' | 'temperature';
export type CharRnnOptions = Readonly<Record<Learning | Writing, number>> & {
  readonly cell: CellName;
  readonly prime: string | undefined;
};

/**
 * Learns a text and gives the loss of each iteration: nats, summed over the chunk. `onSample` is called before every
 * `sampleEvery`th iteration, and behind the last.
 */
export async function charRnn(
  source: string,
  options: CharRnnOptions,
  onSample: (iteration: number, smoothLoss: number, sample: string) => void = () => {},
): Promise<number[]> {
  const { chunk, iterations, learningRate, length, temperature, prime = '' } = options;
  const alphabet = new Alphabet(source);
  const ids = alphabet.ids(source, 'a text');
  const primeIds = alphabet.ids(prime, '--prime');
  if (ids.length < chunk + 2) {
    throw new UserError(`expected a text of at least ${chunk + 2} characters but got ${ids.length}`);
  }

  const V = alphabet.characters.length;
  const random = new Random(options.seed);
  const model = new TextModel(options.cell, V, options.hiddenSize);
  const weights = model.initialWeights(random, 0.01);
  const learner = model.learner(chunk, 1, weights, { optimizer: 'adagrad', learningRate, clipValue: 5 });
  const writer = new Writer(model, weights);
  const losses: number[] = [];
  let smoothLoss = Math.log(V) * chunk; // the loss of knowing nothing
  let state = model.zeroState(1);
  for (let n = 0, p = 0; ; n++, p += chunk) {
    if (p + chunk + 1 >= ids.length) {
      p = 0; // from the start of the text, remembering nothing
      state = model.zeroState(1);
    }
    if (n % options.sampleEvery === 0 || n === iterations) {
      const here = prime === '' ? { ids: ids.subarray(p, p + 1), state } : { ids: primeIds };
      const written = await writer.write(here.ids, { length, temperature, random, state: here.state });
      onSample(n, smoothLoss, prime + alphabet.text(written));
    }
    if (n === iterations) break;
    const { loss, outputs } = await learner.step({
      ...lesson([ids.subarray(p, p + chunk + 1)], chunk, { share: 1 }),
      ...state,
    });
    state = outputs;
    losses.push(loss);
    smoothLoss = 0.999 * smoothLoss + 0.001 * loss;
  }
  await Promise.all([learner.release(), writer.release()]);
  return losses;
}

await main(import.meta.filename, async () => {
  const net = { cell: among(CELLS, 'rnn'), hiddenSize: whole(100, 1, 10_000), seed: whole(1, 0) };
  const learning = { chunk: whole(25, 1, 1000), learningRate: positive(0.1), iterations: whole(10_000) };
  const writing = { sampleEvery: whole(1000), length: whole(200), temperature: positive(1), prime: text };
  const { values, files } = commandLine<CharRnnOptions>({ ...net, ...learning, ...writing }, true);
  const source = await readText(files.length === 0 ? [TEXT] : files);
  await charRnn(source, values, (iteration, smoothLoss, sample) => {
    const mean = (smoothLoss / values.chunk).toFixed(2);
    console.log(`----\n${sample}\n----`);
    console.log(`iter ${iteration}, loss: ${smoothLoss.toFixed(2)} (${mean} nats a character)`);
  });
});
