import { join } from 'node:path';
import { fileSize } from '../../src/cli/models-text.ts';
import { duration, say } from '../../src/cli/terminal.ts';
import { writeFileAtomic } from '../../src/files/atomic.ts';
import type { RunRecord } from './run-record.ts';
import { countSplits, readImages } from './subset.ts';
import { readManifest, type Training } from './training.ts';

/** Where the images come from, in one sentence, and terms of use that whoever has the model should know. */
export interface Origin {
  readonly data: string;
  readonly terms: string;
}

const FILE = 'report.md';

/** Writes `report.md`: what the model was trained on, how, how well it does, and how it is made again. */
export async function writeReport({ out, data, record }: Training, origin: Origin): Promise<void> {
  const manifest = await readManifest(out);
  const { encoder, decoder, training, decoding } = manifest;
  const images = await readImages(data);
  const splits = Object.entries(countSplits(images)).map(([split, n]) => {
    const captions = images.filter((image) => image.split === split).flatMap((image) => image.captions);
    return [split, n.toLocaleString('en'), captions.length.toLocaleString('en')];
  });
  const settings = { encoder: encoder.name, ...decoder, ...training, ...prefixed('decoding', decoding) };
  const scores = Object.entries(record.scored!.scores).map(([name, score]) => [name, rounded(score)]);
  const times = Object.entries(record.seconds).map(([stage, seconds]) => [
    stage,
    seconds.toFixed(1),
    duration(seconds),
  ]);
  const weights = `caption --model ${quoted(out)} photo.jpg`;
  const parts = [
    `# ${manifest.name}`,
    `Made by \`npm run ${record.script}\` of caption. Try it: \`${weights}\``,
    '## Data',
    origin.data,
    table(['split', 'images', 'captions'], splits),
    missing(record),
    origin.terms,
    '## Scores',
    'On split test, which nothing was chosen by, as coco-caption computes them:',
    table(['metric', 'value'], scores),
    '## Settings',
    table(
      ['setting', 'value'],
      Object.entries(settings).map(([name, value]) => [name, text(value)]),
    ),
    '## Time',
    table(['stage', 'seconds', ''], times),
    `Runs that were killed are not counted. Memory of this machine: ${fileSize(await memory())}.`,
    '## Again',
    `The same command, from an empty folder, makes the same model:\n\n    ${command(record)}`,
  ];
  const path = join(out, FILE);
  await writeFileAtomic(path, `${parts.filter((part) => part !== '').join('\n\n')}\n`);
  say(`wrote ${path}`);
}
