import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkDisk, estimate } from '../../../scripts/coco/plan.ts';
import { RunRecord } from '../../../scripts/coco/run-record.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caption-run-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('what is done is known to the next run', async () => {
  const settings = { '--seed': 1, '--mirror': true };
  const record = await RunRecord.open(folder, 'train:coco', settings);
  await record.timed('images', async () => undefined);
  await expect(record.timed('training', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  await record.keep({ missing: [{ key: 'a.jpg', why: 'gone' }] });
  const next = await RunRecord.open(folder, 'train:coco', settings);
  expect(next.missing).toEqual([{ key: 'a.jpg', why: 'gone' }]);
  expect(Object.keys(next.seconds)).toEqual(['images', 'training']);
});

test('other settings, another script and a model of somebody else are refused', async () => {
  await (await RunRecord.open(folder, 'train:coco', { '--seed': 1, '--cell': 'gru' })).keep();
  await expect(RunRecord.open(folder, 'train:coco', { '--seed': 2 })).rejects.toThrow(
    `expected the settings that ${folder} was begun with, --seed 1 --cell gru, but got --seed 2 no --cell`,
  );
  await expect(RunRecord.open(folder, 'train:flickr8k', { '--seed': 1 })).rejects.toThrow(
    `expected --out to be a new folder but ${folder} is one of npm run train:coco`,
  );
  await writeFile(
    join(folder, 'script.json'),
    (await readFile(join(folder, 'script.json'), 'utf8')).slice(0, 30),
  );
  await expect(RunRecord.open(folder, 'train:coco', {})).rejects.toThrow(
    /^expected .*script\.json to be the record/,
  );
  await rm(join(folder, 'script.json'));
  await writeFile(join(folder, 'model.json'), '{}');
  await expect(RunRecord.open(folder, 'train:coco', {})).rejects.toThrow(
    `expected --out to be a new folder but ${folder} holds a model already`,
  );
});

const WORK = {
  counts: { train: 5000, val: 500, test: 500 },
  encoder: 'vgg16',
  epochs: 20,
  mirror: false,
  toCheck: 0,
  toFetch: { images: 6000, annotations: 253e6 },
  isTrained: false,
  isScored: false,
};

test('estimates grow with the images, the encoder and the epochs, and nothing is nothing', () => {
  const { fetchedBytes, modelBytes, seconds } = estimate(WORK);
  expect(fetchedBytes).toBe(253e6 + 6000 * 163_500);
  expect(modelBytes).toBe(5500 * 4096 * 4 + 700e6);
  expect(seconds.features).toBeCloseTo(5500 * 0.09);
  expect(seconds.training).toBeCloseTo((20 * 5 * (5000 + 500 / 3)) / 330);
  expect(estimate({ ...WORK, encoder: 'resnet50' }).seconds.features).toBeCloseTo(5500 * 0.05);
  const toFetch = { images: 0, annotations: 0 };
  const done = estimate({ ...WORK, toFetch, isTrained: true, isScored: true });
  expect(done).toEqual({
    fetchedBytes: 0,
    modelBytes: 0,
    seconds: { images: 0, features: 0, training: 0, evaluation: 0 },
  });
});

test('a disk that is too small is told before anything is written, folders on one disk together', async () => {
  const needs = [
    { folder: join(folder, 'work', 'deep'), bytes: 3e9 },
    { folder: join(folder, 'out'), bytes: 2e9 },
  ];
  await checkDisk(needs, async () => ({ disk: 1, free: 5e9 }));
  await expect(checkDisk(needs, async () => ({ disk: 1, free: 4e9 }))).rejects.toThrow(
    `expected 5.00 GB free on the disk of ${needs[0]!.folder} and ${needs[1]!.folder} but got 4.00 GB`,
  );
  // The folders don't exist yet: what is free where they will be counts.
  const asked: string[] = [];
  await checkDisk(needs, async (at) => {
    asked.push(at);
    return { disk: asked.length, free: 3e9 };
  });
  expect(asked).toEqual([folder, folder]);
  await expect(checkDisk([{ folder, bytes: 1e18 }])).rejects.toThrow(/^expected 1000000000\.00 GB free on/);
});
