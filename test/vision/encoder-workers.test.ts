import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { encodeEach } from '../../src/vision/encode-each.ts';
import { Encoder, type ImageEncoder } from '../../src/vision/encoder.ts';
import { EncoderWorkers, loadEncoderFor } from '../../src/vision/encoder-workers.ts';
import { encoderDefinition } from '../../src/vision/encoders.ts';
import { prepareImage } from '../../src/vision/prepare.ts';
import { writeShapes } from '../helpers/shapes.ts';

const definition = encoderDefinition('vgg16');
let folder: string;
let files: string[];
let photos: string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caption-workers-'));
  const { network, pictures } = await writeShapes(folder);
  files = [network];
  photos = pictures.map(({ path }) => path);
});
afterAll(() => rm(folder, { recursive: true }));

/** The features of all photographs, one after the other. */
async function featuresBy(encoder: ImageEncoder): Promise<Float32Array[]> {
  const features: Float32Array[] = [];
  for await (const encoded of encodeEach(encoder, photos)) {
    expect(encoded.index).toBe(features.length);
    if ('error' in encoded) throw encoded.error;
    features.push(encoded.feature);
  }
  await encoder.release();
  return features;
}

test('workers give the very features that an encoder of this thread gives, in the order of the images', async () => {
  const here = await featuresBy(await Encoder.load(definition, files, { threads: 2 }));
  expect(here).toHaveLength(8);
  expect(here[0]).not.toEqual(here[1]);
  expect(await featuresBy(await EncoderWorkers.load(definition, files, 3, { threads: 1 }))).toEqual(here);
  expect(await featuresBy(await loadEncoderFor(8, definition, files, {}))).toEqual(here);
});

test('one image is encoded in this thread, several in as many workers as they or the threads are', async () => {
  const alone = await loadEncoderFor(1, definition, files, {});
  expect(alone).toBeInstanceOf(Encoder);
  await alone.release();
  for (const [images, threads, lanes] of [
    [2, 3, 2],
    [100, 3, 3],
    [100, 1, 1],
  ] as const) {
    const encoder = await loadEncoderFor(images, definition, files, { threads });
    expect(encoder).toBeInstanceOf(EncoderWorkers);
    expect(encoder.lanes).toBe(lanes);
    // What was loaded, as an encoder of this thread tells it.
    expect(encoder.definition.networks[0]!.sha256).toMatch(/^[0-9a-f]{64}$/);
    await encoder.release();
  }
});

test('a mistake is the same UserError from a worker, and an image that fails leaves the worker well', async () => {
  await writeFile(join(folder, 'text.onnx'), 'no network');
  const text = [join(folder, 'text.onnx')];
  const here: unknown = await Encoder.load(definition, text).catch((error: unknown) => error);
  expect(here).toBeInstanceOf(UserError);
  await expect(EncoderWorkers.load(definition, text, 2, {})).rejects.toEqual(here);
  await expect(EncoderWorkers.load(definition, [join(folder, 'nope.onnx')], 2, {})).rejects.toThrow(
    /^cannot read the encoder file .*nope\.onnx: ENOENT/,
  );

  const encoder = await EncoderWorkers.load(definition, files, 1, {});
  await expect(encoder.encodePrepared([[new Float32Array(5)]])).rejects.toThrow(/^internal: /);
  const image = await prepareImage(encoder.definition, photos[0]!);
  expect(await encoder.encodePrepared([image])).toHaveLength(4096);
  await encoder.release();
});
