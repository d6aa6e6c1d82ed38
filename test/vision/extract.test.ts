import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Encoder } from '../../src/vision/encoder.ts';
import { encoderDefinition } from '../../src/vision/encoders.ts';
import { extractFeatures } from '../../src/vision/extract.ts';
import { readFeatures } from '../../src/vision/feature-file.ts';
import { writeVggShaped } from '../helpers/vgg-shaped.ts';

let folder: string;
let encoder: Encoder;
let images: { key: string; source: string }[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caption-extract-'));
  const file = await writeVggShaped(join(folder, 'vgg.onnx'));
  encoder = await Encoder.load(encoderDefinition('vgg16'), [file], { threads: 1 });
  images = [];
  for (const i of [0, 1, 2, 3, 4]) {
    const source = join(folder, `${i}.png`);
    const background = { r: 50 * i, g: 100, b: 250 - 50 * i };
    await sharp({ create: { width: 30, height: 20, channels: 3, background } }).toFile(source);
    images.push({ key: `photos/${i}.png`, source });
  }
});
afterAll(async () => {
  await encoder.release();
  await rm(folder, { recursive: true });
});

test('the file holds what encode gives; one bad image is reported and the others go on', async () => {
  const out = join(folder, 'new', 'all.npy');
  const text = join(folder, 'text.png');
  await writeFile(text, 'no picture');
  const progress: number[][] = [];
  const reported: string[] = [];
  const failures = await extractFeatures({
    encoder,
    images: [images[0]!, { key: 'bad', source: text }, ...images.slice(1), images[0]!],
    out,
    batchSize: 2,
    onProgress: (done, total) => progress.push([done, total]),
    onFailure: ({ key }) => reported.push(key),
  });
  expect(failures).toEqual([
    { key: 'bad', message: expect.stringMatching(/^cannot read .*text\.png as an image: /) },
  ]);
  expect(reported).toEqual(['bad']);
  expect(progress).toEqual([
    [2, 6],
    [4, 6],
    [6, 6],
  ]);
  const table = await readFeatures(out);
  expect(table).toMatchObject({ encoder: 'vgg16', hash: encoder.hash, featureSize: 4096 });
  expect(table.keys).toEqual(images.map(({ key }) => key));
  expect(table.data).toEqual(await encoder.encode(images.map(({ source }) => source)));
});

test('a second run encodes only what is missing', async () => {
  const out = join(folder, 'twice.npy');
  await extractFeatures({ encoder, images: images.slice(0, 3), out });
  // The files of the first ones are not looked at again.
  const moved = images.map((image, i) => (i < 3 ? { ...image, source: join(folder, 'gone.png') } : image));
  const progress: number[][] = [];
  const onProgress = (done: number, total: number) => progress.push([done, total]);
  expect(await extractFeatures({ encoder, images: moved, out, onProgress })).toEqual([]);
  expect(progress).toEqual([[5, 5]]);
  expect((await readFeatures(out)).data).toEqual(await encoder.encode(images.map(({ source }) => source)));
});

test('an abort ends behind the batch under way, and the run can go on', async () => {
  const out = join(folder, 'aborted.npy');
  const controller = new AbortController();
  const options = { encoder, images, out, batchSize: 2 };
  await extractFeatures({ ...options, signal: controller.signal, onProgress: () => controller.abort() });
  expect((await readFeatures(out)).keys.length).toBe(2);
  await extractFeatures(options);
  expect((await readFeatures(out)).keys).toEqual(images.map(({ key }) => key));
});
