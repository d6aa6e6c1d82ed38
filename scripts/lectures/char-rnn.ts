/**
 * A character-level language model with a recurrent net: the job of Karpathy's min-char-rnn.py (the lectures'
 * "min-char-rnn, 112 lines of Python", gist.github.com/karpathy/d4dee566867f8291f086). It reads any text in chunks,
 * learns to foretell each next character, and writes some text of its own now and then.
 *
 *     npx tsx scripts/lectures/char-rnn.ts [file] [--cell rnn] [--hidden-size 100] [--chunk 25] [--learning-rate 0.1]
 *         [--iterations 10000] [--sample-every 1000] [--length 200] [--temperature 1] [--prime TEXT] [--seed 1]
 *
 * Without a file it learns the types of JavaScript's library, 219 KB that TypeScript brings along. The cell is rnn, relu,
 * lstm, gru, mut1, mut2, mut3 or mrnn; a temperature below 1 is safer, above 1 more varied; samples go on from the prime
 * text, without one from where the learning is, as in the gist.
 *
 * The loss (nats over a chunk, smoothed) fell from 112.8 to 48.2 in 8 seconds of one core; with --cell lstm --iterations
 * 4000 to 30.1 in 10 seconds. Then, with --temperature 0.5 --prime 'interface ', it wrote: "interface regurn the array
 * the array in the predicate function to the array value\n     * the eleminted is the array in the array."
 */
import { fileURLToPath } from 'node:url';
import { CELLS, type CellName } from '../../src/decoder/cells/table.ts';
import { UserError } from '../../src/errors.ts';
import { Random } from '../../src/random.ts';
import { among, commandLine, positive, text, whole } from './parts/command-line.ts';
import { main } from './parts/main.ts';
import { readText } from './parts/read-text.ts';
import { Alphabet, TextModel, Writer } from './parts/text-model.ts';

const TEXT = fileURLToPath(new URL('../../node_modules/typescript/lib/lib.es5.d.ts', import.meta.url));

export interface CharRnnOptions {
  readonly cell: CellName;
  readonly hiddenSize: number;
  readonly chunk: number;
  readonly learningRate: number;
  readonly iterations: number;
  readonly sampleEvery: number;
  readonly length: number;
  readonly temperature: number;
  readonly prime: string | undefined;
  readonly seed: number;
}

/** Called before the learning of every `sampleEvery`th iteration, and behind the last. */
export type OnSample = (iteration: number, smoothLoss: number, sample: string) => void;

/** Learns a text and gives the loss of each iteration: nats, summed over the chunk. */
export async function charRnn(
  source: string,
  options: CharRnnOptions,
  onSample: OnSample = () => {},
): Promise<number[]> {
  const { chunk, iterations, learningRate, prime } = options;
  const alphabet = new Alphabet(source);
  const ids = alphabet.ids(source, 'a text');
  const primeIds = prime ? alphabet.ids(prime, '--prime') : undefined;
  if (ids.length < chunk + 2) {
    throw new UserError(`expected a text of at least ${chunk + 2} characters but got ${ids.length}`);
  }

  const V = alphabet.characters.length;
  const random = new Random(options.seed);
  const model = new TextModel(options.cell, V, options.hiddenSize);
  const weights = model.initialWeights(random, 0.01);
  const learner = await model.learner(chunk, 1, weights, {
    optimizer: 'adagrad',
    learningRate,
    clipValue: 5,
  });
  const writer = await Writer.create(model, weights);
  const shares = { dims: [chunk], data: new Float32Array(chunk).fill(1) };

  const losses: number[] = [];
  let smoothLoss = Math.log(V) * chunk; // the loss of knowing nothing
  let state = model.zeroState(1);
  for (let n = 0, p = 0; ; n++, p += chunk) {
    if (p + chunk + 1 >= ids.length) {
      p = 0; // from the start of the text, remembering nothing
      state = model.zeroState(1);
    }
    if (n % options.sampleEvery === 0 || n === iterations) {
      const from = primeIds ? undefined : state;
      const written = await writer.write(primeIds ?? ids.subarray(p, p + 1), {
        ...options,
        random,
        state: from,
      });
      onSample(n, smoothLoss, `${prime ?? ''}${alphabet.text(written)}`);
    }
    if (n === iterations) break;
    const inputs = { dims: [chunk], data: ids.slice(p, p + chunk) };
    const targets = { dims: [chunk], data: ids.slice(p + 1, p + chunk + 1) };
    // The state goes on from chunk to chunk while gradients stop at its border: truncated backpropagation through time.
    const { loss, outputs } = await learner.step({ ids: inputs, targets, shares, ...state });
    state = outputs;
    losses.push(loss);
    smoothLoss = 0.999 * smoothLoss + 0.001 * loss;
  }
  await Promise.all([learner.release(), writer.release()]);
  return losses;
}

if (import.meta.filename === process.argv[1]) {
  await main(async () => {
    const { values, files } = commandLine<CharRnnOptions>(
      {
        cell: among(CELLS, 'rnn'),
        hiddenSize: whole(100, 1, 10_000),
        chunk: whole(25),
        learningRate: positive(0.1),
        iterations: whole(10_000),
        sampleEvery: whole(1000),
        length: whole(200),
        temperature: positive(1),
        prime: text,
        seed: whole(1, 0),
      },
      true,
    );
    const source = await readText(files.length === 0 ? [TEXT] : files);
    await charRnn(source, values, (iteration, smoothLoss, sample) => {
      const mean = (smoothLoss / values.chunk).toFixed(2);
      console.log(`----\n${sample}\n----`);
      console.log(`iter ${iteration}, loss: ${smoothLoss.toFixed(2)} (${mean} nats a character)`);
    });
  });
}
