import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { initialWeights } from '../../src/decoder/parameters.ts';
import { UserError } from '../../src/errors.ts';
import { temporaryName } from '../../src/files/atomic.ts';
import { importModel } from '../../src/library/import.ts';
import {
  findInLibrary,
  installedModels,
  isInstalled,
  knownEncoders,
  type LibraryFolders,
} from '../../src/library/installed.ts';
import { readModel, writeModel } from '../../src/library/model-folder.ts';
import { removeFromLibrary } from '../../src/library/remove.ts';
import { Random } from '../../src/random.ts';
import { Vocabulary } from '../../src/text/vocabulary.ts';
import { encoderDefinition } from '../../src/vision/encoders.ts';

const WORDS = ['<pad>', '<start>', '<end>', '<unk>', 'a', 'dog'];
const DECODER = {
  ...({ cell: 'gru', mode: 'init', layers: 1 } as const),
  ...{ embeddingSize: 2, hiddenSize: 3, featureSize: 4096, vocabularySize: WORDS.length },
};

let root: string;
let folders: LibraryFolders;
/** A model folder as training writes it, with other files beside. */
let trained: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'caption-installed-'));
  onTestFinished(() => rm(root, { recursive: true }));
  const under = (name: string) => ({
    encoders: join(root, name, 'encoders'),
    models: join(root, name, 'models'),
  });
  folders = { shipped: under('package'), home: under('home') };
  trained = join(root, 'trained');
  await write(trained, 'dogs');
  await write(join(folders.shipped.models, 'default'), 'default');
  await writeFile(join(trained, 'card.md'), '# dogs');
  await writeFile(join(trained, 'checkpoint.safetensors'), 'large');
  await mkdir(folders.shipped.encoders, { recursive: true });
  await writeFile(join(folders.shipped.encoders, 'resnet50.onnx'), 'weights');
});

async function write(path: string, name: string): Promise<void> {
  const model = {
    name,
    encoder: encoderDefinition('vgg16'),
    decoder: DECODER,
    decoding: { beam: 3, minLength: 1, maxLength: 6, lengthPenalty: 0 },
    training: { epochs: 0 },
  };
  await writeModel(path, model, new Vocabulary(WORDS), initialWeights(DECODER, new Random(1)));
}

async function placeVgg(): Promise<string> {
  await mkdir(folders.home.encoders, { recursive: true });
  await writeFile(join(folders.home.encoders, 'vgg16-7.onnx'), Buffer.alloc(1000));
  return join(folders.home.encoders, 'vgg16-7.onnx');
}

describe('what there is', () => {
  test('nothing of the user’s is needed, and nothing is made', async () => {
    expect((await installedModels(folders)).map(({ name }) => name)).toEqual(['default']);
    const encoders = await knownEncoders(folders);
    expect(encoders.filter(isInstalled).map(({ name }) => name)).toEqual(['resnet50']);
    expect(encoders.map(({ name }) => name)).toContain('vgg16');
    expect(existsSync(join(root, 'home'))).toBe(false);
  });

  test('a damaged model is there all the same, with what is wrong', async () => {
    await importModel(trained, {}, folders);
    await writeFile(join(folders.home.models, 'dogs', 'model.json'), '{');
    const dogs = (await installedModels(folders)).find(({ name }) => name === 'dogs');
    expect(dogs?.manifest).toBeInstanceOf(UserError);
    expect(String(dogs?.manifest)).toMatch(/model\.json to be JSON but it can't be parsed$/);
  });

  test('a network in the user’s folder makes its encoder', async () => {
    const path = await placeVgg();
    expect(await findInLibrary('vgg16', folders)).toMatchObject({
      kind: 'encoder',
      files: [{ path, bytes: 1000 }],
    });
  });

  test('a model is found by name and by folder; other names get the nearest one', async () => {
    expect(await findInLibrary('default', folders)).toMatchObject({
      kind: 'model',
      path: join(folders.shipped.models, 'default'),
    });
    expect(await findInLibrary(trained, folders)).toMatchObject({ kind: 'model', name: 'trained' });
    await expect(findInLibrary('defualt', folders)).rejects.toThrow(
      expect.objectContaining({
        message: 'expected a model, an encoder or a model folder but got defualt',
        hint: 'did you mean default?',
      }),
    );
    await expect(findInLibrary('inception', folders)).rejects.toThrow(
      expect.objectContaining({ hint: expect.stringMatching(/^known are .*vgg16, .*default$/) }),
    );
  });
});

describe('importing', () => {
  test('copies the model and its card, nothing else', async () => {
    const { name, path } = await importModel(trained, {}, folders);
    expect({ name, path }).toEqual({ name: 'dogs', path: join(folders.home.models, 'dogs') });
    expect((await readdir(path)).sort()).toEqual(
      ['card.md', 'decoder.onnx', 'model.json', 'start.onnx', 'vocabulary.json'].sort(),
    );
    expect((await readModel(path)).manifest).toEqual((await readModel(trained)).manifest);
    expect(await readdir(folders.home.models)).toEqual(['dogs']);
  });

  test('under another name, which model.json then has too', async () => {
    const { path } = await importModel(trained, { name: 'my_dogs-2.0' }, folders);
    expect(path).toBe(join(folders.home.models, 'my_dogs-2.0'));
    expect((await readModel(path)).manifest.name).toBe('my_dogs-2.0');
  });

  test('names that could lead elsewhere, or be taken for an option, are refused', async () => {
    for (const name of ['../dogs', 'a/b', 'a\\b', '..', '.hidden', '-x', '', 'dogs.', 'two words', 'a\0b']) {
      await expect(importModel(trained, { name }, folders), name).rejects.toThrow(
        /^expected --name to be of letters, digits, -, _ and \./,
      );
    }
    expect(existsSync(join(root, 'home'))).toBe(false);
  });

  test('names of what ships, and of encoders, are taken', async () => {
    await expect(importModel(trained, { name: 'default' }, folders)).rejects.toThrow(
      'expected a name of your own but got default, which ships with caption',
    );
    await expect(importModel(trained, { name: 'vgg16' }, folders)).rejects.toThrow(
      "expected --name to be a model's but got vgg16, which is an encoder's",
    );
  });

  test('a model of the same name stays, unless it is to be replaced', async () => {
    const { path } = await importModel(trained, {}, folders);
    await rm(join(trained, 'card.md'));
    await expect(importModel(trained, {}, folders)).rejects.toThrow(
      `expected a name that is free but there is a model dogs at ${path}`,
    );
    expect(await readFile(join(path, 'card.md'), 'utf8')).toBe('# dogs');
    await importModel(trained, { overwrite: true }, folders);
    expect(existsSync(join(path, 'card.md'))).toBe(false);
    expect(await readdir(folders.home.models)).toEqual(['dogs']);
  });

  test('one that does not hold together leaves nothing', async () => {
    await writeFile(join(trained, 'vocabulary.json'), '["<pad>","<start>","<end>","<unk>","a","cat"]');
    await expect(importModel(trained, {}, folders)).rejects.toThrow(
      /vocabulary\.json is not the file that model\.json describes$/,
    );
    await rm(join(trained, 'start.onnx'));
    await expect(importModel(trained, {}, folders)).rejects.toThrow(/^cannot read .*start\.onnx: ENOENT/);
    await expect(importModel(root, {}, folders)).rejects.toThrow(
      `expected a model folder but got ${root}, which has no model.json`,
    );
    expect(existsSync(join(root, 'home'))).toBe(false);
  });

  test('what a killed import has left is no model, and gone after the next', async () => {
    const { path } = await importModel(trained, {}, folders);
    // As the copy is called on its way.
    await cp(path, temporaryName(path), { recursive: true });
    expect((await installedModels(folders)).map(({ name }) => name)).toEqual(['default', 'dogs']);
    await importModel(trained, { overwrite: true }, folders);
    expect(await readdir(folders.home.models)).toEqual(['dogs']);
  });
});

describe('removing', () => {
  test('a model', async () => {
    const { path } = await importModel(trained, {}, folders);
    const removed = await removeFromLibrary('dogs', folders);
    expect(removed).toEqual({ paths: [path], bytes: expect.any(Number), neededBy: [] });
    expect(removed.bytes).toBeGreaterThan(1000);
    expect(await readdir(folders.home.models)).toEqual([]);
  });

  test('a network, with what an unfinished download has left; models that need it are named', async () => {
    const path = await placeVgg();
    await writeFile(`${path}.part`, Buffer.alloc(500));
    await importModel(trained, {}, folders);
    expect(await removeFromLibrary('vgg16', folders)).toEqual({
      paths: [path, `${path}.part`],
      bytes: 1500,
      neededBy: ['default', 'dogs'],
    });
    expect(await readdir(folders.home.encoders)).toEqual([]);
    await expect(removeFromLibrary('vgg16', folders)).rejects.toThrow(
      'expected an encoder that is installed but got vgg16, which is not',
    );
  });

  test('nothing that ships, and nothing elsewhere', async () => {
    for (const name of ['default', 'resnet50']) {
      await expect(removeFromLibrary(name, folders)).rejects.toThrow(
        `expected a model or encoder of your own but got ${name}, which ships with caption`,
      );
    }
    await expect(removeFromLibrary(trained, folders)).rejects.toThrow(
      `expected a name from caption models list but got the folder ${trained}`,
    );
    await expect(removeFromLibrary('../models/default', folders)).rejects.toThrow(UserError);
    await expect(removeFromLibrary('..', folders)).rejects.toThrow(UserError);
    expect(existsSync(join(trained, 'model.json'))).toBe(true);
    expect((await installedModels(folders)).map(({ name }) => name)).toEqual(['default']);
  });
});
