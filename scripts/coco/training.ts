import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Interrupt } from '../../src/cli/interrupt.ts';
import { say } from '../../src/cli/terminal.ts';
import { InternalError } from '../../src/errors.ts';
import { writeFileAtomic } from '../../src/files/atomic.ts';
import { sha256 } from '../../src/files/sha256.ts';
import { fileSha256 } from '../../src/library/file-sha256.ts';
import { type Manifest, parseManifest } from '../../src/library/manifest.ts';
import { MANIFEST } from '../../src/library/model-folder.ts';
import { caption } from './caption-command.ts';
import type { TrainingArguments } from './options.ts';
import type { RunRecord } from './run-record.ts';

/** A data set that is ready, and the model folder that it is for. */
export interface Training {
  readonly out: string;
  /** What the scores are called by: `COCO val2017`. */
  readonly name: string;
  /** JSON Lines file with splits train, val and test. */
  readonly data: string;
  readonly imagesDir: string;
  readonly seed: number;
  readonly arguments: TrainingArguments;
  readonly record: RunRecord;
  readonly interrupt: Interrupt;
}

/** Extracts features and trains, by `caption train`, unless this model was trained on these data. */
export async function trainModel(training: Training): Promise<void> {
  const { out, data, imagesDir, seed, record, interrupt } = training;
  const dataHash = await fileSha256(data);
  const { trained } = record;
  if (trained?.data === dataHash && trained.model === (await modelHash(out))) {
    say('training: done before');
    return;
  }
  const given = ['--data', data, '--images-dir', imagesDir, '--out', out, '--resume', '--seed', `${seed}`];
  const { someFailed } = await record.timed('features and training', () =>
    caption(['train', ...given, ...training.arguments.train], interrupt),
  );
  await record.keep({ trained: { data: dataHash, model: await expectModel(out), someFailed } });
}

/**
 * Scores the model on split test, by `caption evaluate`, unless it was scored on these data. The scores are also
 * written to `model.json`, where `caption models` finds them.
 */
export async function evaluateModel(training: Training): Promise<void> {
  const { out, data, imagesDir, record, interrupt } = training;
  const [dataHash, model] = [await fileSha256(data), await expectModel(out)];
  const { scored } = record;
  if (scored?.data === dataHash && scored.model === model) {
    say('evaluation: done before');
  } else {
    const given = ['--model', out, '--data', data, '--images-dir', imagesDir, '--split', 'test', '--json'];
    const { out: json, someFailed } = await record.timed('evaluation', () =>
      caption(['evaluate', ...given, ...training.arguments.evaluate], interrupt),
    );
    const scores = z.record(z.string(), z.number()).parse(JSON.parse(json));
    await record.keep({ scored: { data: dataHash, model, scores, someFailed } });
  }
  await writeScores(training);
}

async function writeScores({ out, name, record }: Training): Promise<void> {
  const scores = { [`${name} test`]: record.scored?.scores };
  const text = `${JSON.stringify({ ...(await readManifest(out)), scores }, null, 2)}\n`;
  if (text !== (await readFile(join(out, MANIFEST), 'utf8')))
    await writeFileAtomic(join(out, MANIFEST), text);
}

/** SHA-256 of what a model is, which its scores are not part of; undefined where there is none. */
async function modelHash(out: string): Promise<string | undefined> {
  const manifest = await readManifest(out).catch(() => undefined);
  return manifest && sha256(JSON.stringify({ ...manifest, scores: undefined }));
}

async function expectModel(out: string): Promise<string> {
  const hash = await modelHash(out);
  if (hash === undefined) throw new InternalError(`expected a model in ${out} after its training`);
  return hash;
}

/** The `model.json` of a model folder. */
export async function readManifest(out: string): Promise<Manifest> {
  const path = join(out, MANIFEST);
  return parseManifest(await readFile(path, 'utf8'), path);
}
