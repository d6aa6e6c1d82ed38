/**
 * Names that nobody has given yet (the lectures' character-level language models): a recurrent net reads a list of
 * names, character by character, and then writes names of its own, some of which are in no list.
 *
 *     h_t = gru(Wx[character t] + b, h_{t-1})        p(next character) = softmax((h_t Wy + by) / temperature)
 *
 * A name goes from one line end to the next: the net begins with a line end and stops when it draws one.
 *
 *     npx tsx scripts/lectures/names.ts [file] [options]
 *
 *     file                 a name a line (the 418 places that time zones are named after)
 *     --cell NAME          any of docs/decoders.md (gru)
 *     --hidden-size N      (64)
 *     --batch-size N       names to learn from at a time (32)
 *     --steps N            batches (600)
 *     --learning-rate X    (0.005)
 *     --count N            names to write (1000)
 *     --temperature X      below 1 is safer, above 1 more varied (1)
 *     --seed N             (1)
 *
 * In 3 seconds it wrote 966 different names in 1000 tries, 939 of them new: Kahian, Ciyana, Samagiat, ... After 3000
 * steps it knows most of the list by heart: 115 of 426.
 */
import { CELLS, type CellName } from '../../src/decoder/cells/table.ts';
import { UserError } from '../../src/errors.ts';
import { Random } from '../../src/random.ts';
import { Alphabet } from './parts/alphabet.ts';
import { among, commandLine, positive, whole } from './parts/command-line.ts';
import { main } from './parts/main.ts';
import { readText } from './parts/read-text.ts';
import { lesson, TextModel } from './parts/text-model.ts';
import { Writer } from './parts/writer.ts';

type Sizes = 'hiddenSize' | 'batchSize' | 'steps' | 'learningRate' | 'count' | 'temperature' | 'seed';
type Options = Readonly<Record<Sizes, number>> & { readonly cell: CellName };

/** Learns names and writes others. `onLoss` gets the loss of each step: nats, the mean over characters and ends. */
export async function inventNames(
  names: readonly string[],
  { cell, hiddenSize, batchSize: B, steps, learningRate, count, temperature, seed }: Options,
  onLoss: (step: number, loss: number) => void = () => {},
) {
  // The '' behind the names is there for a line end even where there is but one.
  const alphabet = new Alphabet([...names, ''].join('\n'));
  const idsOfNames = names.map((name) => alphabet.ids(`\n${name}\n`, 'a name'));
  const T = Math.max(...idsOfNames.map((ids) => ids.length)) - 1;
  const random = new Random(seed);
  const model = new TextModel(cell, alphabet.characters.length, hiddenSize);
  const weights = model.initialWeights(random, 0.1);
  const learner = model.learner(T, B, weights, { optimizer: 'adam', learningRate, clipNorm: 5 });
  const start = model.zeroState(B);
  for (let step = 1; step <= steps; step++) {
    const batch = Array.from({ length: B }, () => idsOfNames[random.int(idsOfNames.length)]);
    const characters = batch.reduce((sum, ids) => sum + ids.length - 1, 0);
    const { loss } = await learner.step({ ...lesson(batch, T, { share: 1 / characters }), ...start });
    onLoss(step, loss);
  }

  const writer = new Writer(model, weights);
  const [end] = alphabet.ids('\n', 'a name');
  const written: string[] = [];
  for (let i = 0; i < count; i++) {
    written.push(alphabet.text(await writer.write([end], { length: 2 * T, temperature, random, end })));
  }
  await Promise.all([learner.release(), writer.release()]);
  const distinct = [...new Set(written)].filter((name) => name !== '');
  return { written, distinct, fresh: distinct.filter((name) => !names.includes(name)) };
}

/** The places that time zones are named after, from the public domain's tz database. */
function places(): string {
  const zones = Intl.supportedValuesOf('timeZone').filter((zone) => zone.includes('/'));
  return zones.map((zone) => zone.split('/').at(-1)!.replaceAll('_', ' ')).join('\n');
}

await main(import.meta.filename, async () => {
  const net = { cell: among(CELLS, 'gru'), hiddenSize: whole(64, 1, 10_000) };
  const learning = { batchSize: whole(32, 1, 1000), steps: whole(600), learningRate: positive(0.005) };
  const writing = { count: whole(1000), temperature: positive(1), seed: whole(1, 0) };
  const { values, files } = commandLine<Options>({ ...net, ...learning, ...writing }, true);
  const text = files.length === 0 ? places() : await readText(files);
  const names = [...new Set(text.split('\n').map((line) => line.trim()))].filter((name) => name !== '');
  if (names.length === 0) throw new UserError(`expected a name a line but ${files[0]} has none`);
  const { written, distinct, fresh } = await inventNames(names, values, (step, loss) => {
    if (step === 1 || step % 100 === 0)
      console.log(`step ${step}, loss: ${loss.toFixed(2)} nats a character`);
  });
  console.log(`distinct names in ${written.length} tries: ${distinct.length}`);
  console.log(`new, not among the ${names.length} that were learned: ${fresh.length}`);
  if (fresh.length > 0) console.log(fresh.slice(0, 24).join(', '));
});
