import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeFileAtomic } from '../../src/files/atomic.ts';
import type { SessionOptions } from '../../src/onnx/session.ts';
import { type DefaultData, defaultData, say } from './data.ts';
import { SEARCH } from './recipe.ts';
import { type ValidationScores, validationScores } from './scores.ts';

/** What a row's training has to work with. */
interface Workplace {
  readonly data: DefaultData;
  readonly photos: string;
  readonly session: SessionOptions;
  /** The folder of a row's model. */
  readonly folderOf: (name: string) => string;
}

/** A table of trainings, made row by row. */
interface Table<Row> {
  /** The table's folder in the work folder. */
  readonly name: string;
  readonly rows: Readonly<Record<string, Row>>;
  readonly label: (name: string, row: Row) => string;
  /** Trains what the row needs; gives the folders of the models that caption together. */
  readonly train: (name: string, row: Row, workplace: Workplace) => Promise<readonly string[]>;
}

/**
 * Trains and scores the rows that `--rows` names (all), on validation images, and prints them as Markdown. Every row
 * is kept in the work folder: a second call goes on where the first stopped, and calls may run side by side.
 */
export async function printTable<Row>({ name: table, rows, label, train }: Table<Row>): Promise<void> {
  const { values: flags } = parseArgs({
    options: {
      photos: { type: 'string' },
      work: { type: 'string' },
      rows: { type: 'string', default: Object.keys(rows).join(',') },
      threads: { type: 'string' },
    },
  });
  const { photos, work } = flags;
  if (!photos || !work) throw new Error('expected --photos <folder> and --work <folder>');
  const session = flags.threads ? { threads: Number(flags.threads) } : {};
  const data = await defaultData(photos, work, session);
  const folderOf = (name: string) => join(work, table, name);
  const lines: string[] = [];
  for (const name of flags.rows.split(',')) {
    const row = rows[name];
    if (!row) throw new Error(`expected --rows of ${Object.keys(rows).join(', ')} but got ${name}`);
    const file = join(folderOf(name), 'line.md');
    if (!existsSync(file)) {
      const folders = await train(name, row, { data, photos, session, folderOf });
      const scores = await validationScores(data, folders, SEARCH, session);
      await writeFileAtomic(file, lineOf(label(name, row), scores));
    }
    lines.push(await readFile(file, 'utf8'));
    say(lines.at(-1)!);
  }
  await data.close();
  console.log('\n| what | CIDEr | BLEU-4 | Flickr8k | COCO | distinct |\n|---|---|---|---|---|---|');
  console.log(lines.join('\n'));
}

function lineOf(label: string, { all, flickr8k, coco }: ValidationScores): string {
  const scores = [all.CIDEr, all.Bleu_4, flickr8k.CIDEr, coco.CIDEr].map((score) => score.toFixed(3));
  const distinct = `${Math.round((100 * all.distinctCaptions) / all.images)} %`;
  return `| ${[label, ...scores, distinct].join(' | ')} |`;
}
