/**
 * Names that nobody has given yet (the lectures' character-level language models): a recurrent net reads a list of
 * names, character by character, and then writes names of its own, some of which are in no list.
 *
 *     npx tsx scripts/lectures/names.ts [file] [--cell gru] [--hidden-size 64] [--batch-size 32] [--steps 600]
 *         [--learning-rate 0.005] [--count 1000] [--temperature 1] [--seed 1]
 *
 * The file has a name a line; without one the net learns the 418 places that time zones are named after. The cell is
 * rnn, relu, lstm, gru, mut1, mut2, mut3 or mrnn; a temperature below 1 is safer, above 1 more varied.
 *
 * In 3 seconds of one core it wrote 966 different names in 1000 tries, 939 of them new: Kahian, Ciyana, Samagiat, ...;
 * with --temperature 0.5, 615 of 676: Damara, Santagara, Lububa, ... After 3000 steps it knows most of the list by heart:
 * 115 of 426.
 */
import { CELLS, type CellName } from '../../src/decoder/cells/table.ts';
import { UserError } from '../../src/errors.ts';
import { Random } from '../../src/random.ts';
import { among, commandLine, positive, whole } from './parts/command-line.ts';
import { main } from './parts/main.ts';
import { readText } from './parts/read-text.ts';
import { Alphabet, TextModel, Writer } from './parts/text-model.ts';

/** Where a name begins and where it ends. */
const BORDER = '\n';

export interface NamesOptions {
  readonly cell: CellName;
  readonly hiddenSize: number;
  readonly batchSize: number;
  readonly steps: number;
  readonly learningRate: number;
  readonly count: number;
  readonly temperature: number;
  readonly seed: number;
}

export interface Inventions {
  /** All that were written, repetitions and all. */
  readonly written: readonly string[];
  readonly distinct: readonly string[];
  /** The distinct ones that are not in the list (nor empty). */
  readonly fresh: readonly string[];
}

/** Learns names and writes others. `onLoss` gets the loss of each step: nats, the mean over characters and ends. */
export async function inventNames(
  names: readonly string[],
  { cell, hiddenSize, batchSize: B, steps, learningRate, count, temperature, seed }: NamesOptions,
  onLoss: (step: number, loss: number) => void = () => {},
): Promise<Inventions> {
  const alphabet = new Alphabet([...names, ''].join(BORDER));
  const [border] = alphabet.ids(BORDER, 'a name');
  const list = names.map((name) => alphabet.ids(name + BORDER, 'a name'));
  const T = Math.max(...list.map((ids) => ids.length));

  const random = new Random(seed);
  const model = new TextModel(cell, alphabet.characters.length, hiddenSize);
  const weights = model.initialWeights(random, 0.1);
  const learner = await model.learner(T, B, weights, { optimizer: 'adam', learningRate, clipNorm: 5 });
  const start = model.zeroState(B);
  for (let step = 1; step <= steps; step++) {
    const batch = Array.from({ length: B }, () => list[random.int(list.length)]!);
    const characters = batch.reduce((sum, ids) => sum + ids.length, 0);
    const [ids, targets] = [new Int32Array(T * B), new Int32Array(T * B)];
    const shares = new Float32Array(T * B); // 0 behind the end of a name
    for (const [b, name] of batch.entries()) {
      for (const [t, id] of name.entries()) {
        ids[t * B + b] = name[t - 1] ?? border!;
        targets[t * B + b] = id;
        shares[t * B + b] = 1 / characters;
      }
    }
    const dims = [T * B];
    const inputs = {
      ids: { dims, data: ids },
      targets: { dims, data: targets },
      shares: { dims, data: shares },
    };
    onLoss(step, (await learner.step({ ...inputs, ...start })).loss);
  }

  const writer = await Writer.create(model, weights);
  const written: string[] = [];
  for (let i = 0; i < count; i++) {
    const ids = await writer.write(Int32Array.of(border!), {
      length: 2 * T,
      temperature,
      random,
      end: border,
    });
    written.push(alphabet.text(ids));
  }
  await Promise.all([learner.release(), writer.release()]);
  const known = new Set(names);
  const distinct = [...new Set(written)];
  return { written, distinct, fresh: distinct.filter((name) => !known.has(name) && name !== '') };
}

/** The places that time zones are named after, from the public domain's tz database. */
function places(): string {
  const zones = Intl.supportedValuesOf('timeZone').filter((zone) => zone.includes('/'));
  return zones.map((zone) => zone.split('/').at(-1)!.replaceAll('_', ' ')).join('\n');
}

if (import.meta.filename === process.argv[1]) {
  await main(async () => {
    const { values, files } = commandLine<NamesOptions>(
      {
        cell: among(CELLS, 'gru'),
        hiddenSize: whole(64, 1, 10_000),
        batchSize: whole(32),
        steps: whole(600),
        learningRate: positive(0.005),
        count: whole(1000),
        temperature: positive(1),
        seed: whole(1, 0),
      },
      true,
    );
    const text = files.length === 0 ? places() : await readText(files);
    const names = [...new Set(text.split('\n').map((line) => line.trim()))].filter((name) => name !== '');
    if (names.length === 0)
      throw new UserError(`expected a file with a name a line but ${files[0]} is empty`);
    const { written, distinct, fresh } = await inventNames(names, values, (step, loss) => {
      if (step === 1 || step % 100 === 0)
        console.log(`step ${step}, loss: ${loss.toFixed(2)} nats a character`);
    });
    console.log(`${written.length} names written: ${distinct.length} are distinct,`);
    console.log(`${fresh.length} of these are new: not among the ${names.length} that were learned`);
    console.log(fresh.slice(0, 24).join(', '));
  });
}
