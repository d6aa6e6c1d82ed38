import { readdirSync, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readConfigFile } from '../../src/cli/config-syntax.ts';
import { decoderOf } from '../../src/cli/decoder-flags.ts';
import { DEFAULT_ENCODER } from '../../src/cli/extraction.ts';
import { type TrainFlags, trainCommand } from '../../src/cli/train.ts';
import { checkTrainingFlags, trainingOptions } from '../../src/cli/training-flags.ts';
import { checkDecoderParts } from '../../src/decoder/config.ts';
import { PRESETS } from '../../src/decoder/presets.ts';
import { caption, captionWithin } from '../helpers/cli.ts';
import { trainedShapes } from '../helpers/trained-shapes.ts';

const CONFIGS = fileURLToPath(new URL('../../scripts/configs', import.meta.url));
const EVERYTHING = join(CONFIGS, 'everything.json');

/** What is said of one call. */
const OF_A_CALL = ['config', 'resume', 'overwrite'];

const trained = await trainedShapes();
const { folder } = trained;

/** What `caption train` would be called with. */
async function flagsOf(args: readonly string[]): Promise<TrainFlags> {
  let found: TrainFlags | undefined;
  await trainCommand()
    .action((flags: TrainFlags) => {
      found = flags;
    })
    .parseAsync(args, { from: 'user' });
  return found!;
}

/** everything.json with the options that have no default, which are examples behind `//`. */
async function completed(): Promise<string> {
  const path = join(folder, 'completed.json');
  const text = readFileSync(EVERYTHING, 'utf8');
  await writeFile(path, text.replaceAll(/^( *)\/\/ ("\w+": )/gm, '$1$2'));
  return path;
}

test('everything.json names all the options that a file may have, and they take its values', async () => {
  const path = await completed();
  const { entries } = await readConfigFile(path);
  const options = trainCommand().options.filter(({ negate }) => !negate);
  const names = options.map((option) => option.attributeName()).filter((name) => !OF_A_CALL.includes(name));
  expect(entries.map(({ key }) => key).sort()).toEqual(names.sort());
  expect(await flagsOf(['--config', path])).toMatchObject({ dropout: 0.5, threads: 2, name: 'my-model' });
});

test("everything.json's values are the defaults", async () => {
  const plain = await flagsOf(['--data', 'data', '--out', 'out']);
  const all = await flagsOf(['--config', EVERYTHING]);
  expect(trainingOptions(all)).toEqual(trainingOptions(plain));
  expect(decoderOf(all)).toEqual({ ...decoderOf(plain), highway: false, learnedState: false });
  expect(all.minCount).toBe(plain.minCount);
  expect(all).toMatchObject({ mirror: false, encoder: DEFAULT_ENCODER, device: 'cpu' });
  // What has no default is not in it.
  const { entries } = await readConfigFile(EVERYTHING);
  const parts = ['tokenizer', 'highway', 'learnedState'];
  const given = ['data', 'out', 'mirror', 'minCount', 'encoder', 'device', 'preset', 'selfCritical'];
  const known = [trainingOptions(plain), trainingOptions(plain).dropout, decoderOf(plain)].flatMap(
    Object.keys,
  );
  const dropouts = ['dropoutImage', 'dropoutEmbedding', 'dropoutOutput'];
  expect(
    entries.map(({ key }) => key).filter((key) => ![...given, ...parts, ...known, ...dropouts].includes(key)),
  ).toEqual([]);
});

test('every preset has a config', () => {
  expect(readdirSync(CONFIGS)).toEqual(
    expect.arrayContaining(Object.keys(PRESETS).map((name) => `${name}.json`)),
  );
});

test.each(readdirSync(CONFIGS))('%s is a config that goes together', async (name) => {
  const flags = await flagsOf(['--config', join(CONFIGS, name)]);
  expect(() => checkTrainingFlags(flags)).not.toThrow();
  expect(() => checkDecoderParts(decoderOf(flags), name)).not.toThrow();
  // A config that is called like a preset is its.
  if (name.replace('.json', '') in PRESETS) expect(`${flags.preset}.json`).toBe(name);
});

test('a config gives the same bytes in every process; the command line goes before it', async () => {
  const config = join(folder, 'run.json5');
  await writeFile(
    config,
    `{ // Paths are relative to this folder.
      "data": "shapes/captions.jsonl", "features": "model/features.npy", "encoderFile": "shapes/vgg.onnx",
      "cell": "rnn", "hiddenSize": 9, "embeddingSize": 8, "minCount": 1, "threads": 1, "name": "config",
      "epochs": 2, "batchSize": 4, "optimizer": "sgd", "learningRate": 0.25, "schedule": "cosine", "dropout": 0.3,
      "scheduledSampling": 0.5, "featureNoise": 0.1, "wordDropout": 0.1, "seed": 7,
    }`,
  );
  const [one, two, other] = ['one', 'two', 'other'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const over = ['--learning-rate', '0.125', '--dropout-image', '0', '--mode', 'init', '--seed', '8'];
  const calls = await Promise.all([
    caption(['train', '--config', config, '--out', one]),
    caption(['train', '--config', config, '--out', two], { cwd: folder }),
    caption(['train', '--config', config, '--out', other, ...over]),
  ]);
  for (const { status, err } of calls) expect(status, err).toBe(0);
  for (const file of ['model.json', 'vocabulary.json', 'start.onnx', 'decoder.onnx']) {
    expect(await readFile(join(two, file)), file).toEqual(await readFile(join(one, file)));
  }
  const manifest = async (out: string) => JSON.parse(await readFile(join(out, 'model.json'), 'utf8'));
  expect(await manifest(one)).toMatchObject({
    name: 'config',
    decoder: { cell: 'rnn', mode: 'merge', hiddenSize: 9 },
    training: { optimizer: 'sgd', learningRate: 0.25, seed: 7, dropout: { image: 0.3, output: 0.3 } },
  });
  expect(await manifest(other)).toMatchObject({
    decoder: { cell: 'rnn', mode: 'init', hiddenSize: 9 },
    training: { optimizer: 'sgd', learningRate: 0.125, seed: 8, dropout: { image: 0, output: 0.3 } },
  });
}, 120_000);

test('mistakes in a config are one sentence that names the place, and status 2', async () => {
  const config = join(folder, 'wrong.json');
  const cases: [string, string][] = [
    ['{\n  "learningrate": 1 }', ':2:3: expected the name of an option but got "learningrate"'],
    ['{ "selfCritical": 1 }', ':1:19: expected selfCritical to be true or false but got 1'],
    ['{ "epochs": "3" }', ':1:13: expected epochs to be a number but got "3"'],
    ['{ "seed": -1 }', ':1:11: expected seed to be a whole number, 0 or more, but got -1'],
    [
      '{ "overwrite": true }',
      ':1:3: expected overwrite on the command line only but got it in a config file',
    ],
    ['{ "resume": true }', ':1:3: expected resume on the command line only but got it in a config file'],
  ];
  for (const [text, message] of cases) {
    await writeFile(config, text);
    const { status, err } = await captionWithin(['train', '--config', config]);
    expect(err).toMatch(/^caption: .*\nhint: .*\n$|^caption: .*\n$/);
    expect(err).toContain(config + message);
    expect(status).toBe(2);
  }
});
