/**
 * What each trick of training earns: one run with each of them alone, the rest as in `BASE`, scored on the
 * validation images. Prints the table of models/default/card.md.
 *
 *     npx tsx scripts/ablation.ts --photos <folder> --work <folder> [--rows name,name] [--threads n]
 *
 * Every run is kept in the work folder: a second call goes on where the first stopped, and two calls with
 * different `--rows` may run side by side.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeFileAtomic } from '../src/files/atomic.ts';
import { TRAINING_DEFAULTS, type TrainingOptions } from '../src/training/options.ts';
import { defaultData, say } from './default-model/data.ts';
import { SEARCH, SELF_CRITICAL, trainRun } from './default-model/recipe.ts';
import { validationScores } from './default-model/scores.ts';
import { textCaptions } from './default-model/text.ts';

const BASE: TrainingOptions = {
  ...TRAINING_DEFAULTS,
  epochs: 4,
  learningRate: 1.5e-3,
  schedule: 'cosine',
};

interface Row {
  readonly what: string;
  readonly options?: Partial<TrainingOptions>;
  /** The row whose model it starts from. */
  readonly from?: string;
  /** Rows whose models caption together, instead of a training. */
  readonly ensemble?: readonly string[];
}

const ROWS: Readonly<Record<string, Row>> = {
  base: { what: 'base' },
  'seed-2': { what: 'the same with another seed', options: { seed: 2 } },
  'seed-3': { what: 'and another', options: { seed: 3 } },
  'no-averaging': { what: 'without weight averaging', options: { averaging: 0 } },
  'no-dropout': { what: 'without dropout', options: { dropout: { image: 0, embedding: 0, output: 0 } } },
  step: { what: 'rate falls by 0.75 an epoch', options: { schedule: 'step', learningRateDecay: 0.75 } },
  plateau: {
    what: 'rate falls by 0.5 on plateaus',
    options: { schedule: 'plateau', learningRateDecay: 0.5 },
  },
  warmup: { what: 'warm-up over 300 steps', options: { warmup: 300 } },
  adamw: { what: 'AdamW, decay 0.05', options: { optimizer: 'adamw', weightDecay: 0.05 } },
  rmsprop: { what: 'RMSProp, 5e-4', options: { optimizer: 'rmsprop', learningRate: 5e-4 } },
  adagrad: { what: 'Adagrad, 0.02', options: { optimizer: 'adagrad', learningRate: 0.02 } },
  sgd: { what: 'SGD with momentum 0.9, 0.5', options: { optimizer: 'sgd', learningRate: 0.5 } },
  'clip-value': { what: 'values clipped at 0.01, norm not', options: { clipNorm: 0, clipValue: 0.01 } },
  accumulate: { what: 'gradients of 2 batches a step', options: { accumulate: 2 } },
  'label-smoothing': { what: 'label smoothing 0.1', options: { labelSmoothing: 0.1 } },
  'scheduled-sampling': { what: 'scheduled sampling up to 0.25', options: { scheduledSampling: 0.25 } },
  'word-dropout': { what: 'word dropout 0.1', options: { wordDropout: 0.1 } },
  'feature-noise': { what: 'feature noise 0.2', options: { featureNoise: 0.2 } },
  text: { what: 'one epoch on captions without photographs first', options: { textEpochs: 1 } },
  'self-critical': {
    what: 'the base, then self-critical training',
    from: 'base',
    options: SELF_CRITICAL,
  },
  ensemble: { what: 'ensemble of the base and the two other seeds', ensemble: ['base', 'seed-2', 'seed-3'] },
};

const { values: flags } = parseArgs({
  options: {
    photos: { type: 'string' },
    work: { type: 'string' },
    rows: { type: 'string', default: Object.keys(ROWS).join(',') },
    threads: { type: 'string' },
  },
});
if (!flags.photos || !flags.work) throw new Error('expected --photos <folder> and --work <folder>');
const { photos, work } = { photos: flags.photos, work: flags.work };
const session = flags.threads ? { threads: Number(flags.threads) } : {};
const data = await defaultData(photos, work, session);

const folderOf = (name: string) => join(work, 'ablation', name);
const lines: string[] = [];
for (const name of flags.rows.split(',')) {
  const row = ROWS[name];
  if (!row) throw new Error(`expected --rows of ${Object.keys(ROWS).join(', ')} but got ${name}`);
  lines.push(await lineOf(name, row));
  say(lines.at(-1)!);
}
await data.close();
console.log('\n| what | CIDEr | BLEU-4 | Flickr8k | COCO | distinct |\n|---|---|---|---|---|---|');
console.log(lines.join('\n'));

/** A row of the table: made now, or read from the call that made it. */
async function lineOf(name: string, row: Row): Promise<string> {
  const file = join(folderOf(name), 'line.md');
  if (existsSync(file)) return readFile(file, 'utf8');
  if (!row.ensemble) await trained(name, row);
  const folders = (row.ensemble ?? [name]).map(folderOf);
  const { all, flickr8k, coco } = await validationScores(data, folders, SEARCH, session);
  const line = [
    row.what,
    all.CIDEr.toFixed(3),
    all.Bleu_4.toFixed(3),
    flickr8k.CIDEr.toFixed(3),
    coco.CIDEr.toFixed(3),
    `${Math.round((100 * all.distinctCaptions) / all.images)} %`,
  ].join(' | ');
  await writeFileAtomic(file, `| ${line} |`);
  return `| ${line} |`;
}

async function trained(name: string, { options, from }: Row): Promise<void> {
  const training = { ...BASE, ...options };
  const text = training.textEpochs > 0 ? await textCaptions(photos) : [];
  const start = from === undefined ? undefined : folderOf(from);
  await trainRun(data, { name, out: folderOf(name), training, from: start, text }, session);
}
