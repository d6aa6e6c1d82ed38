import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { initialWeights } from '../../src/decoder/parameters.ts';
import { findModel, MANIFEST, readModel, writeModel } from '../../src/library/model-folder.ts';
import { Random } from '../../src/random.ts';
import { Vocabulary } from '../../src/text/vocabulary.ts';
import { encoderDefinition } from '../../src/vision/encoders.ts';

const WORDS = ['<pad>', '<start>', '<end>', '<unk>', 'a', 'dog'];
const DECODER = {
  ...({ cell: 'gru', mode: 'init', layers: 1 } as const),
  ...{ embeddingSize: 2, hiddenSize: 3, featureSize: 3328, vocabularySize: WORDS.length },
};
const MODEL = {
  name: 'tiny',
  encoder: encoderDefinition('resnet50+efficientnet-lite4'),
  decoder: DECODER,
  decoding: { beam: 3, minLength: 1, maxLength: 6, lengthPenalty: 0 },
  training: { epochs: 0 },
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caption-library-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('findModel', () => {
  let shipped: string;
  beforeAll(async () => {
    shipped = join(folder, 'find', 'models');
    for (const path of [join(shipped, 'default'), join(shipped, '..', 'mine'), shipped]) {
      await mkdir(path, { recursive: true });
      await writeFile(join(path, MANIFEST), '{}');
    }
  });

  test('a name is that of a model that ships', async () => {
    expect(await findModel('default', [shipped])).toBe(join(shipped, 'default'));
  });

  test('a path is never looked up among them', async () => {
    for (const path of [
      '../mine',
      './default',
      '../models/default',
      'default/',
      '.',
      '..',
      '../../find/mine',
    ]) {
      await expect(findModel(path, [shipped])).rejects.toThrow(
        `expected a model to be default or a model folder but got ${path}`,
      );
    }
    const mine = join(shipped, '..', 'mine');
    expect(await findModel(mine, [shipped])).toBe(mine);
  });

  test("then one of the user's own; what ships comes first, and hidden folders are none", async () => {
    const home = join(folder, 'find', 'home');
    for (const name of ['default', 'own', '.own.tmp']) {
      await mkdir(join(home, name), { recursive: true });
      await writeFile(join(home, name, MANIFEST), '{}');
    }
    expect(await findModel('own', [shipped, home])).toBe(join(home, 'own'));
    expect(await findModel('default', [shipped, home])).toBe(join(shipped, 'default'));
    await expect(findModel('other', [shipped, home, join(home, 'none')])).rejects.toThrow(
      'expected a model to be default, own or a model folder but got other',
    );
  });
});

describe('a model folder', () => {
  const write = (path: string, model: Parameters<typeof writeModel>[1] = MODEL) =>
    writeModel(path, model, new Vocabulary(WORDS), initialWeights(DECODER, new Random(1)));

  /** Reads it after a change to model.json. */
  async function readChanged(change: (manifest: Record<string, unknown>) => object) {
    const path = join(folder, 'changed');
    await write(path);
    const manifest = JSON.parse(await readFile(join(path, MANIFEST), 'utf8'));
    await writeFile(join(path, MANIFEST), JSON.stringify({ ...manifest, ...change(manifest) }));
    return readModel(path);
  }

  test('gives back what was written, scores too if there are any', async () => {
    const path = join(folder, 'scored');
    await write(path);
    expect((await readModel(path)).manifest).toEqual({
      ...MODEL,
      formatVersion: 1,
      files: expect.any(Object),
    });
    const scores = { 'Flickr8k test': { CIDEr: 0.5, Bleu_4: 0.2 }, command: 'caption evaluate' };
    await write(path, { ...MODEL, scores });
    const { manifest, vocabulary } = await readModel(path);
    expect(manifest.scores).toEqual(scores);
    expect(vocabulary.words).toEqual(WORDS);
  });

  test("the encoder's feature size is the sum of its networks'", async () => {
    await expect(readChanged(() => ({ encoder: { ...MODEL.encoder, featureSize: 3000 } }))).rejects.toThrow(
      /model\.json is not a model this version can read: encoder\.featureSize: expected 3328, the sum of its networks, but got 3000$/,
    );
  });

  test('the decoder takes what the encoder gives', async () => {
    await expect(readChanged(() => ({ encoder: encoderDefinition('resnet50') }))).rejects.toThrow(
      /model\.json: the encoder gives 2048 numbers but the decoder takes 3328$/,
    );
  });

  test('scores that are no record are refused', async () => {
    await expect(readChanged(() => ({ scores: 0.5 }))).rejects.toThrow(
      /model\.json is not a model this version can read: scores: Invalid input: expected record, received number$/,
    );
  });
});
