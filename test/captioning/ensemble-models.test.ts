import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { Captioner, FeatureCaptioner } from '../../src/captioning/captioner.ts';
import { readModels } from '../../src/captioning/ensemble-models.ts';
import { OnnxDecoder } from '../../src/captioning/onnx-decoder.ts';
import type { DecoderConfig } from '../../src/decoder/config.ts';
import { initialWeights } from '../../src/decoder/parameters.ts';
import { UserError } from '../../src/errors.ts';
import type { Manifest } from '../../src/library/manifest.ts';
import { writeModel } from '../../src/library/model-folder.ts';
import { Session } from '../../src/onnx/session.ts';
import { Random } from '../../src/random.ts';
import { Vocabulary } from '../../src/text/vocabulary.ts';
import { mirrored } from '../../src/vision/definition.ts';
import { encoderDefinition } from '../../src/vision/encoders.ts';

const THREAD = { threads: 1 };
const WORDS = ['<pad>', '<start>', '<end>', '<unk>', 'a', 'red', 'blue', 'circle'];
const F = 2048;

let folder: string;
const at = (name: string) => join(folder, name);
const models = (...names: string[]) => readModels(names.map(at));

/** Writes an untrained model, whose weights the seed decides, into a folder of its name. */
async function write(
  path: string,
  seed: number,
  change: { words?: string[]; decoder?: Partial<DecoderConfig>; manifest?: Partial<Manifest> } = {},
): Promise<void> {
  const { words = WORDS } = change;
  const decoder: DecoderConfig = {
    ...({ cell: 'lstm', mode: 'init', layers: 1, embeddingSize: 4, hiddenSize: 5, featureSize: F } as const),
    ...{ vocabularySize: words.length, ...change.decoder },
  };
  const manifest = {
    name: path,
    encoder: encoderDefinition('resnet50'),
    decoder,
    decoding: { beam: 3, minLength: 1, maxLength: 6, lengthPenalty: 0 },
    training: {},
    ...change.manifest,
  };
  await writeModel(at(path), manifest, new Vocabulary(words), initialWeights(decoder, new Random(seed)));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caption-ensemble-'));
  await write('one', 1);
  // Another cell, another size: what is behind the words is a model's own affair.
  await write('two', 2, { decoder: { cell: 'gru', mode: 'merge', hiddenSize: 7 } });
  await write('brief', 3, {
    manifest: { decoding: { beam: 2, minLength: 1, maxLength: 2, lengthPenalty: 0 } },
  });
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

const random = new Random(5);
const features = Float32Array.from({ length: 2 * F }, () => random.next());

describe('models that caption together', () => {
  test('give a sentence the product of its mean probabilities', async () => {
    const ensemble = await models('one', 'two');
    const captioner = await FeatureCaptioner.load(ensemble, THREAD);
    const [, second] = await captioner.caption(features, 2, { count: 3 });
    expect(second).toHaveLength(3);
    const { text, logProb } = second![0]!;
    // Each member reads the sentence on its own.
    const words = [...captioner.vocabulary.encode(text.split(' ')), 2];
    const probabilities: number[][] = [];
    for (const model of ensemble) {
      const decoder = await OnnxDecoder.load(model, THREAD);
      let state = await decoder.start(features.slice(F), 1);
      const ofWords: number[] = [];
      for (const [t, word] of words.entries()) {
        const step = await decoder.step(Int32Array.of(words[t - 1] ?? 1), state);
        ofWords.push(Math.exp(step.logProbs[word]!));
        state = step.state;
      }
      probabilities.push(ofWords);
      await decoder.release();
    }
    const [p, q] = probabilities;
    const wanted = words.reduce((sum, _, t) => sum + Math.log((p![t]! + q![t]!) / 2), 0);
    expect(logProb).toBeCloseTo(wanted, 4);
    const feature = features.slice(F);
    const perplexity = await captioner.perplexity([{ feature, caption: text }]);
    expect(perplexity).toBeCloseTo(Math.exp(-wanted / words.length), 4);
    await captioner.release();
  });

  test('one in a list is that one alone', async () => {
    const ensemble = await models('one');
    const [alone, listed] = [
      await FeatureCaptioner.load(ensemble[0], THREAD),
      await FeatureCaptioner.load(ensemble, THREAD),
    ];
    for (const request of [{ count: 3 }, { beam: 1 }, { sample: true, count: 5, seed: 9 }]) {
      expect(await listed.caption(features, 2, request)).toEqual(await alone.caption(features, 2, request));
    }
    await Promise.all([alone.release(), listed.release()]);
  });

  test('search as the first was chosen with', async () => {
    for (const [names, most] of [
      [['brief', 'one'], 2],
      [['one', 'brief'], 6],
    ] as const) {
      const captioner = await FeatureCaptioner.load(await models(...names), THREAD);
      expect(captioner.manifest.name).toBe(names[0]);
      const [captions] = await captioner.caption(features, 2, { minLength: 0, count: 2 });
      const lengths = captions!.map(({ text }) => text.split(' ').length);
      expect(Math.max(...lengths)).toBeLessThanOrEqual(most);
      await captioner.release();
    }
  });
});

describe('models that do not go together', () => {
  const swapped = WORDS.toSpliced(5, 2, 'blue', 'red');
  const same = 'expected the models of an ensemble to have the same';
  const once = 'expected each model of an ensemble once but';

  beforeAll(async () => {
    const many = [...WORDS, ...Array.from({ length: 2000 }, (_, i) => `word${i}`)];
    await write('many-words', 4, { words: many });
    await write('swapped', 5, { words: swapped });
    const mirror = mirrored(encoderDefinition('resnet50'));
    await write('mirrored', 6, { manifest: { encoder: mirror } });
    const other = encoderDefinition('efficientnet-lite4');
    const { featureSize } = other;
    await write('other-network', 7, { decoder: { featureSize }, manifest: { encoder: other } });
    await write('deeper/one', 8, { words: swapped, manifest: { name: 'one' } });
    await cp(at('one'), at('copy'), { recursive: true });
  });

  test.each([
    ['another number of words', ['one', 'many-words'], `${same} words but one has 8 and many-words 2,008`],
    [
      'words in another order',
      ['two', 'one', 'swapped'],
      `${same} words but word 5 is "red" in two and "blue" in swapped`,
    ],
    [
      'another encoder',
      ['one', 'other-network'],
      /^expected .* the same encoder but one has resnet50 \([0-9a-f]{12}\) and other-network has efficientnet-lite4 \([0-9a-f]{12}\)$/,
    ],
    [
      'an encoder that prepares pixels differently',
      ['one', 'mirrored'],
      /^expected .* the same encoder but one has resnet50 \([0-9a-f]{12}\) and mirrored has another resnet50 \([0-9a-f]{12}\)$/,
    ],
    ['one model twice', ['two', 'one', 'one'], `${once} one was given twice`],
    [
      'two of the same name, told by their folders',
      ['one', 'deeper/one'],
      /"red" in \/.*[^r]\/one and "blue" in \/.*deeper\/one$/,
    ],
    ['a model and its copy', ['one', 'copy'], /once but .*one and .*copy have the same weights$/],
    ['none at all', [], /^expected at least one model but got none$/],
  ])('%s', async (_, names, message) => {
    const refusal = await models(...names).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(UserError);
    expect((refusal as UserError).message).toMatch(message);
  });

  test('read one by one they are refused as well, before any network is loaded', async () => {
    const load = vi.spyOn(Session, 'load');
    const [[one], [other]] = [await models('one'), await models('many-words')];
    for (const captioner of [FeatureCaptioner, { load: Captioner.open }]) {
      await expect(captioner.load([one, other])).rejects.toThrow(`${same} words`);
    }
    await expect(Captioner.load({ model: [at('one'), at('swapped')] })).rejects.toThrow(`${same} words`);
    expect(load).not.toHaveBeenCalled();
  });

  test('where one cannot be loaded, those loaded before it are released', async () => {
    const [one, two] = await models('one', 'two');
    const release = vi.spyOn(Session.prototype, 'release');
    const broken = { ...two!, step: new Uint8Array(9) };
    await expect(FeatureCaptioner.load([one, broken], THREAD)).rejects.toThrow(
      /^cannot load .*two\/decoder\.onnx on device cpu/,
    );
    // Both graphs of the first, and the start graph of the second.
    expect(release).toHaveBeenCalledTimes(3);
  });
});
