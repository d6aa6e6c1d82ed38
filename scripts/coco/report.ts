import { join } from 'node:path';
import { duration, say } from '../../src/cli/terminal.ts';
import { InternalError } from '../../src/errors.ts';
import { writeFileAtomic } from '../../src/files/atomic.ts';
import type { RunRecord } from './run-record.ts';
import { countSplits, readImages } from './subset.ts';
import { readManifest, type Training } from './training.ts';

/** What a report tells besides what the model folder does. */
export interface Origin {
  /** Where the images come from, in a sentence. */
  readonly images: string;
  /** On what terms, in a sentence. */
  readonly terms: string;
  /** The arguments of the script, to run it again. */
  readonly args: readonly string[];
}

type Row = readonly (string | number)[];

/** So many missing images are named; a folder that lacks thousands is another matter. */
const NAMED = 20;

/** Writes `report.md`: what the model was trained on and how, how good it is, and how it is made again. */
export async function writeReport({ out, data, record }: Training, origin: Origin): Promise<void> {
  const { name, encoder, decoder, decoding, training } = await readManifest(out);
  const { scored } = record;
  if (!scored) throw new InternalError('expected scores to report');
  const images = await readImages(data);
  const splits = Object.entries(countSplits(images)).map(([split, n]): Row => {
    const ofIt = images.filter((image) => image.split === split);
    return [split, n, ofIt.reduce((sum, { captions }) => sum + captions.length, 0)];
  });
  const settings = { encoder: encoder.name, ...decoder, ...training };
  const parts = [
    `# ${name}`,
    `Made by \`npm run ${record.script}\`. Try it: \`caption --model ${quoted(out)} photo.jpg\``,
    '## Data',
    origin.images,
    ...table(['split', 'images', 'captions'], splits),
    ...missingImages(record),
    origin.terms,
    '## Scores',
    'On split test, by which nothing was chosen, as coco-caption computes them:',
    ...table(
      ['metric', 'value'],
      Object.entries(scored.scores).map(([metric, value]) => [metric, rounded(value)]),
    ),
    '## Settings',
    ...table(['setting', 'value'], [...rows(settings), ...rows(decoding)]),
    '## Time',
    ...table(
      ['stage', 'seconds', ''],
      Object.entries(record.seconds).map(([stage, seconds]) => [
        stage,
        seconds.toFixed(1),
        duration(seconds),
      ]),
    ),
    'Over all runs but those that were killed.',
    '## Again',
    'This makes the same model in another folder; where it was made it does only what is left to do.',
    `    npm run ${record.script} -- ${origin.args.map(quoted).join(' ')}`,
  ];
  const path = join(out, 'report.md');
  await writeFileAtomic(path, `${parts.join('\n\n')}\n`);
  say(`wrote ${path}`);
}

function missingImages({ missing = [] }: RunRecord): string[] {
  if (missing.length === 0) return [];
  const named = missing.slice(0, NAMED).map(({ key, why }) => `- ${key}: ${why}`);
  const more =
    missing.length > NAMED ? [`- and ${missing.length - NAMED} more (script.json names them)`] : [];
  return [`Left out, as they could not be had (${missing.length}):`, [...named, ...more].join('\n')];
}

/** A table in Markdown; none without rows. */
function table(head: Row, body: readonly Row[]): string[] {
  const line = (cells: Row) => `| ${cells.join(' | ')} |`;
  return body.length > 0 ? [[line(head), line(head.map(() => '---')), ...body.map(line)].join('\n')] : [];
}

function rows(settings: object): Row[] {
  return Object.entries(settings).map(([name, value]) => [
    name,
    typeof value === 'object' ? JSON.stringify(value) : value,
  ]);
}

function rounded(value: number): string {
  return Number.isInteger(value) ? `${value}` : value.toFixed(4);
}

/** An argument as a shell reads it. */
function quoted(arg: string): string {
  return /^[\w./:=@%+,-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`;
}
