import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { quickTraining, startScript } from '../helpers/script.ts';
import { type Shapes, writeShapes } from '../helpers/shapes.ts';

let folder: string;
let shapes: Shapes;
/** Flickr8k's own layout: token file, split lists, Flicker8k_Dataset/. */
let flickr: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caption-train-flickr8k-'));
  shapes = await writeShapes(join(folder, 'shapes'));
  flickr = join(folder, 'flickr8k');
  const images = join(flickr, 'Flicker8k_Dataset');
  await mkdir(images, { recursive: true });
  const tokens: string[] = [];
  for (const [split, list] of Object.entries({ train: 'train', val: 'dev', test: 'test' })) {
    const names: string[] = [];
    for (const { path, caption } of shapes.pictures) {
      const picture = path.replace('-train.', `-${split}.`);
      names.push(basename(picture));
      await copyFile(picture, join(images, basename(picture)));
      tokens.push(`${basename(picture)}#0\tA ${caption.slice(2)} .\n`);
    }
    await writeFile(join(flickr, `Flickr_8k.${list}Images.txt`), names.join('\n'));
  }
  await writeFile(join(flickr, 'Flickr8k.token.txt'), tokens.join(''));
  // One that was copied in half.
  const half = join(images, 'red-square-train.png');
  await writeFile(half, (await readFile(half)).subarray(0, 300));
});
afterAll(() => rm(folder, { recursive: true }));

test('the folder as people have it becomes a model with a report, once', async () => {
  const out = join(folder, 'model');
  const args = ['--data', flickr, '--out', out, '--max-missing', '0.1', ...quickTraining(shapes.network)];
  const first = await startScript('train-flickr8k', args).outcome;
  expect(first).toMatchObject({ status: 1, out: '' });
  expect(first.err).toContain('Flickr8k: 8 images to learn from, 8 for validation, 8 to test with\n');
  expect(first.err).toContain(
    'red-square-train.png: cannot read red-square-train.png as an image: it is damaged',
  );
  const report = await readFile(join(out, 'report.md'), 'utf8');
  expect(report).toMatch(/\| train \| 7 \| 7 \|\n\| val \| 8 \| 8 \|\n\| test \| 8 \| 8 \|/);
  const { scores } = JSON.parse(await readFile(join(out, 'model.json'), 'utf8'));
  expect(scores).toEqual({
    'Flickr8k test': expect.objectContaining({ images: 8, CIDEr: expect.any(Number) }),
  });

  const again = await startScript('train-flickr8k', args).outcome;
  expect(again.err).toContain('images: done before\ntraining: done before\nevaluation: done before\n');
}, 60_000);

test('too many damaged images stop it before the training', async () => {
  const args = ['--data', flickr, '--out', join(folder, 'none'), ...quickTraining(shapes.network)];
  const { status, err } = await startScript('train-flickr8k', args).outcome;
  expect(status).toBe(2);
  expect(err).toMatch(
    /caption: expected nearly all of 24 images but 1 of the first \d+ could not be had\nhint: .*--max-missing/,
  );
});
