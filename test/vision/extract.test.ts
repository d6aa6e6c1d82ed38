import { createHash } from 'node:crypto';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { Encoder, encoderHash } from '../../src/vision/encoder.ts';
import { encoderDefinition } from '../../src/vision/encoders.ts';
import { extractFeatures } from '../../src/vision/extract.ts';
import { readFeatures } from '../helpers/feature-rows.ts';
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
    onProgress: (done, total) => progress.push([done, total]),
    onFailure: ({ key }) => reported.push(key),
  });
  expect(failures).toEqual([
    { key: 'bad', message: expect.stringMatching(/^cannot read .*text\.png as an image: /) },
  ]);
  expect(reported).toEqual(['bad']);
  expect(progress).toEqual([1, 2, 3, 4, 5, 6].map((done) => [done, 6]));
  const table = await readFeatures(out);
  expect(table).toMatchObject({ encoder: 'vgg16', hash: encoderHash(encoder.definition), featureSize: 4096 });
  expect(table.keys).toEqual(images.map(({ key }) => key));
  expect(table.data).toEqual(await encoder.encode(images.map(({ source }) => source)));
});

/** Runs an extraction and tells how many images it encoded. */
async function encoded(options: Parameters<typeof extractFeatures>[0]): Promise<number> {
  const encode = vi.spyOn(encoder, 'encodePrepared');
  try {
    expect(await extractFeatures(options)).toEqual([]);
    return encode.mock.calls.length;
  } finally {
    encode.mockRestore();
  }
}

test('a second run encodes only what is missing', async () => {
  const out = join(folder, 'twice.npy');
  await extractFeatures({ encoder, images: images.slice(0, 3), out });
  const progress: number[][] = [];
  const onProgress = (done: number, total: number) => progress.push([done, total]);
  expect(await encoded({ encoder, images, out, onProgress })).toBe(2);
  expect(progress).toEqual([
    [4, 5],
    [5, 5],
  ]);
  expect((await readFeatures(out)).data).toEqual(await encoder.encode(images.map(({ source }) => source)));
  const bytes = await readFile(out);
  expect(await encoded({ encoder, images, out })).toBe(0);
  expect(await readFile(out)).toEqual(bytes);
});

test('an image whose bytes are others now is encoded again, and its new feature holds', async () => {
  const out = join(folder, 'changed.npy');
  const key = 'photos/changing.png';
  const source = join(folder, 'changing.png');
  await copyFile(images[0]!.source, source);
  const before = [{ key, source }, images[1]!];
  await extractFeatures({ encoder, images: before, out });

  await copyFile(images[4]!.source, source);
  expect(await encoded({ encoder, images: before, out })).toBe(1);
  const table = await readFeatures(out);
  expect(table.keys).toEqual([images[1]!.key, key]);
  expect(table.row(key)).toEqual(await encoder.encode([images[4]!.source]));
  expect(table.row(images[1]!.key)).toEqual(await encoder.encode([images[1]!.source]));
  expect(await encoded({ encoder, images: before, out })).toBe(0);

  // The same name elsewhere, here the bytes themselves, is another photograph.
  const foreign = [{ key, source: await readFile(images[2]!.source) }];
  expect(await encoded({ encoder, images: foreign, out })).toBe(1);
  expect((await readFeatures(out)).row(key)).toEqual(await encoder.encode([images[2]!.source]));
  expect(await encoded({ encoder, images: foreign, out })).toBe(0);
});

test('the index holds the SHA-256 of the files', async () => {
  const out = join(folder, 'hashed.npy');
  await extractFeatures({ encoder, images: images.slice(0, 1), out });
  const sha256 = createHash('sha256')
    .update(await readFile(images[0]!.source))
    .digest('hex');
  const lines = (await readFile(join(folder, 'hashed.index.jsonl'), 'utf8')).split('\n');
  expect(JSON.parse(lines[1]!)).toEqual({ key: images[0]!.key, sha256 });
});

test('an image that is gone, or no image any more, is reported although its old feature is in the file', async () => {
  const out = join(folder, 'gone.npy');
  await extractFeatures({ encoder, images: images.slice(0, 2), out });
  const source = join(folder, 'gone.png');
  const moved = [{ ...images[0]!, source }, images[1]!];
  expect(await extractFeatures({ encoder, images: moved, out })).toEqual([
    { key: images[0]!.key, message: `expected an image file but ${source} does not exist` },
  ]);
  await writeFile(source, 'no picture');
  expect(await extractFeatures({ encoder, images: moved, out })).toEqual([
    { key: images[0]!.key, message: expect.stringContaining(`cannot read ${source} as an image: `) },
  ]);
});

test('an abort ends behind the image under way, and the run can go on', async () => {
  const out = join(folder, 'aborted.npy');
  const controller = new AbortController();
  const options = { encoder, images, out };
  await extractFeatures({ ...options, signal: controller.signal, onProgress: () => controller.abort() });
  expect((await readFeatures(out)).keys.length).toBe(1);
  await extractFeatures(options);
  expect((await readFeatures(out)).keys).toEqual(images.map(({ key }) => key));
});
