import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { modelSearch } from '../../src/captioning/captioner.ts';
import { initialWeights } from '../../src/decoder/parameters.ts';
import { type Caption, Captioner, type SearchRequest, UserError } from '../../src/index.ts';
import { writeModel } from '../../src/library/model-folder.ts';
import { Random } from '../../src/random.ts';
import { stackRows } from '../../src/stack-rows.ts';
import { Vocabulary } from '../../src/text/vocabulary.ts';
import { Encoder } from '../../src/vision/encoder.ts';
import { encoderDefinition } from '../../src/vision/encoders.ts';
import { prepareImage } from '../../src/vision/prepare.ts';
import { type Shapes, writeShapes } from '../helpers/shapes.ts';

const WORDS = ['<pad>', '<start>', '<end>', '<unk>', 'a', 'red', 'blue', 'circle', 'square'];

let folder: string;
let shapes: Shapes;
let captioner: Captioner;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caption-captioner-'));
  shapes = await writeShapes(join(folder, 'shapes'), { splits: ['train'] });
  const encoder = await Encoder.load(encoderDefinition('vgg16'), [shapes.network], { threads: 1 });
  const decoder = {
    ...({ cell: 'lstm', mode: 'init', layers: 2 } as const),
    ...{ embeddingSize: 6, hiddenSize: 8, featureSize: 4096, vocabularySize: WORDS.length },
  };
  const decoding = { beam: 3, minLength: 1, maxLength: 6, lengthPenalty: 0 };
  const manifest = { name: 'random', encoder: encoder.definition, decoder, decoding, training: {} };
  await writeModel(
    join(folder, 'model'),
    manifest,
    new Vocabulary(WORDS),
    initialWeights(decoder, new Random(4)),
  );
  await encoder.release();
  captioner = await Captioner.load({ model: join(folder, 'model'), encoderFile: shapes.network, threads: 1 });
});
afterAll(async () => {
  await captioner.release();
  await rm(folder, { recursive: true });
});

test('loaded once it captions many, from paths and from bytes, side by side or one by one', async () => {
  const paths = shapes.pictures.map(({ path }) => path);
  const together = await captioner.captions(paths);
  expect(together).toHaveLength(8);
  for (const [i, path] of paths.slice(0, 2).entries()) {
    const [best] = together[i]!;
    expect(await captioner.caption(path)).toBe(best!.text);
    expect(await captioner.caption(await readFile(path))).toBe(best!.text);
    expect(best!.text.split(' ').every((word) => WORDS.slice(4).includes(word))).toBe(true);
    expect(best!.logProb).toBeLessThan(0);
  }
  const several = await captioner.captions(paths.slice(0, 1), { count: 4 });
  expect(new Set(several[0]!.map(({ text }) => text)).size).toBe(4);
});

describe('many images', () => {
  const N = 150;
  const F = 4096;
  const random = new Random(8);
  const vectors = Array.from({ length: N }, () => Float32Array.from({ length: F }, () => random.next() / 5));

  /** The captions of all vectors, and how many vectors were asked for before each was given. */
  async function captionAll(request: SearchRequest) {
    let asked = 0;
    async function* features() {
      for (const vector of vectors) {
        asked++;
        yield vector;
      }
    }
    const captions: Caption[][] = [];
    const ahead: number[] = [];
    for await (const ofImage of captioner.decoder.captionAll(features(), request)) {
      ahead.push(asked - captions.length);
      captions.push(ofImage);
    }
    return { captions, ahead: Math.max(...ahead) };
  }

  test.each<[string, SearchRequest, number]>([
    ['beam search', {}, 64],
    ['several captions each', { count: 20 }, 12],
    ['more captions than a batch may have', { beam: 300, count: 2 }, 1],
    ['sampling', { sample: true, seed: 5, count: 2 }, 64],
  ])('%s gives what one batch gives, with few images at a time', async (_, request, most) => {
    const wanted = await captioner.decoder.caption(stackRows(vectors, F), N, request);
    const { captions, ahead } = await captionAll(request);
    expect(captions.map((list) => list.map(({ text }) => text))).toEqual(
      wanted.map((list) => list.map(({ text }) => text)),
    );
    expect(ahead).toBe(most);
  });

  test('a list of vectors will do, and none at all', async () => {
    const found: Caption[][] = [];
    for await (const captions of captioner.decoder.captionAll(vectors.slice(0, 3))) found.push(captions);
    expect(found).toHaveLength(3);
    for await (const captions of captioner.decoder.captionAll([])) found.push(captions);
    expect(found).toHaveLength(3);
    expect(await captioner.captions([])).toEqual([]);
  });

  test('photographs are encoded one by one; one that cannot be read ends it', async () => {
    const paths = shapes.pictures.map(({ path }) => path);
    const encode = vi.spyOn(captioner.encoder, 'encodePrepared');
    const captions = await captioner.captions([...paths, ...paths, ...paths]);
    expect(captions).toHaveLength(24);
    expect(captions.slice(8, 16)).toEqual(captions.slice(0, 8));
    expect(encode.mock.calls.map(([images]) => images.length)).toEqual(new Array(24).fill(1));
    encode.mockRestore();
    await expect(captioner.captions([...paths, 'nope.jpg', ...paths])).rejects.toThrow(
      new UserError('expected an image file but nope.jpg does not exist'),
    );
  });
});

test('the perplexity of a caption agrees with the probability that search gives it', async () => {
  const [image] = shapes.pictures;
  const [[best]] = (await captioner.captions([image!.path], { beam: 1, maxLength: 4 })) as [
    [{ text: string; logProb: number }],
  ];
  const feature = await captioner.encoder.encodePrepared([
    await prepareImage(captioner.encoder.definition, image!.path),
  ]);
  const words = best.text.split(' ').length;
  const perplexity = await captioner.decoder.perplexity([{ feature, caption: best.text }]);
  expect(perplexity).toBeCloseTo(Math.exp(-best.logProb / (words + 1)), 4);
});

test('what is asked for goes before the settings of the model, and may widen them', () => {
  const { manifest } = captioner.decoder;
  expect(modelSearch(manifest, {})).toMatchObject({ beam: 3, count: 1, minLength: 1, maxLength: 6 });
  expect(modelSearch(manifest, { count: 5 })).toMatchObject({ beam: 5, count: 5 });
  expect(modelSearch(manifest, { beam: 2, maxLength: 4 })).toMatchObject({ beam: 2, maxLength: 4 });
  expect(modelSearch(manifest, { minLength: 9 })).toMatchObject({ minLength: 9, maxLength: 9 });
  expect(() => modelSearch(manifest, { beam: 2, count: 5 })).toThrow(
    "expected --count to be at most the beam's width 2",
  );
});

test('mistakes are UserErrors that name what is wrong', async () => {
  const model = join(folder, 'model');
  const encoderFile = shapes.network;
  await expect(captioner.caption('nope.jpg')).rejects.toThrow(
    new UserError('expected an image file but nope.jpg does not exist'),
  );
  await expect(Captioner.load({ model: join(folder, 'nope') })).rejects.toThrow(
    /expected a model to be .* a model folder but got /,
  );
  await expect(Captioner.load({ model })).rejects.toThrow(
    /expected the network of encoder vgg16 at .*vgg16-7\.onnx/,
  );
  await expect(Captioner.load({ model, encoderFile, encoder: 'resnet50' })).rejects.toThrow(
    'expected --encoder to be vgg16, which model random was trained with, but got resnet50',
  );
});
