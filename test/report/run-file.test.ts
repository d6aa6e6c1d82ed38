import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readRunRecord } from '../../src/report/run-file.ts';
import { TRAINING_DEFAULTS } from '../../src/training/options.ts';
import { runRecord, watchedPhoto } from '../helpers/run-record.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'run-file-'));
});
afterAll(() => rm(folder, { recursive: true }));

let made = 0;

/** A run's folder with this in its run.json. */
async function runWith(text: string): Promise<string> {
  const run = join(folder, `run-${made++}`);
  await mkdir(run);
  await writeFile(join(run, 'run.json'), text);
  return run;
}

const readText = async (text: string) => readRunRecord(await runWith(text));

test('a record is read from its folder and from its file', async () => {
  const record = runRecord({ selfCritical: 3, photos: [watchedPhoto('a.jpg', ['a dog', 'a cat'])] });
  const run = await runWith(JSON.stringify(record));
  expect(await readRunRecord(run)).toEqual(record);
  expect(await readRunRecord(join(run, 'run.json'))).toEqual(record);
});

test('what JSON has no number for is NaN', async () => {
  const run = runRecord({ state: 'diverged' });
  const [first, ...others] = run.epochs;
  const text = JSON.stringify({ ...run, epochs: [{ ...first, validationLoss: Number.NaN }, ...others] });
  expect((await readText(text)).epochs[0]).toEqual({ ...first, validationLoss: Number.NaN });
});

test('an option that is younger than the run has its default, one that is older is kept', async () => {
  const { wordDropout: _, ...training } = TRAINING_DEFAULTS;
  const { dropout } = training;
  const old = { ...training, dropout: { embedding: 0.1 }, forgotten: 3 };
  const read = await readText(JSON.stringify({ ...runRecord(), training: old }));
  expect(read.training).toEqual({
    ...TRAINING_DEFAULTS,
    dropout: { ...dropout, embedding: 0.1 },
    forgotten: 3,
  });
});

test('what is no run is told in a sentence', async () => {
  const missing = join(folder, 'missing');
  await expect(readRunRecord(missing)).rejects.toThrow(
    `expected the folder of a training but ${missing} does not exist`,
  );
  await expect(readRunRecord(folder)).rejects.toThrow(
    `expected ${folder} to hold run.json of a training but it has none`,
  );
  await expect(readText('{"formatVersion": 1,')).rejects.toThrow(
    /expected .*run\.json to be JSON but it can't be parsed/,
  );
  await expect(readText('{"formatVersion": 2}')).rejects.toThrow(
    /expected .*run\.json to have formatVersion 1 but got 2/,
  );
  await expect(readText('[]')).rejects.toThrow(/to be run\.json of a training but got another file: file: /);
  const { curve } = runRecord();
  const wrong = [
    { ...runRecord(), curve: [curve[0], { ...curve[1], gradientNorm: 'much' }] },
    'curve.1.gradientNorm',
  ];
  for (const [record, field] of [
    wrong,
    [
      { ...runRecord(), training: { ...TRAINING_DEFAULTS, dropout: 0.5 } },
      'training: not the options of a training',
    ],
    [{ ...runRecord(), training: null }, 'training: not the options of a training'],
  ]) {
    await expect(readText(JSON.stringify(record))).rejects.toThrow(`got another file: ${field}`);
  }
});

test('a folder that is called run.json is none', async () => {
  const run = join(folder, 'odd');
  await mkdir(join(run, 'run.json'), { recursive: true });
  await expect(readRunRecord(run)).rejects.toThrow(/^cannot read .*run\.json: EISDIR/);
});
