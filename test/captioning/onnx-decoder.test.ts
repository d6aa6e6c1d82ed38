import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { OnnxDecoder } from '../../src/captioning/onnx-decoder.ts';
import type { DecoderConfig } from '../../src/decoder/config.ts';
import { startGraph, stepGraph } from '../../src/decoder/graphs.ts';
import { UserError } from '../../src/errors.ts';
import type { Expr } from '../../src/graph/expr.ts';
import { input } from '../../src/graph/ops.ts';
import { type ModelFolder, readModel, writeModel } from '../../src/library/model-folder.ts';
import { emitOnnx } from '../../src/onnx/emit.ts';
import { Session } from '../../src/onnx/session.ts';
import { Vocabulary } from '../../src/text/vocabulary.ts';
import { encoderDefinition } from '../../src/vision/encoders.ts';
import { nameOf, TINY_DECODERS, tinyWeights } from '../decoder/tiny.ts';

const THREAD = { threads: 1 };
const CONFIG: DecoderConfig = {
  ...({ cell: 'lstm', mode: 'merge', layers: 2 } as const),
  ...{ embeddingSize: 4, hiddenSize: 5, featureSize: 2048, vocabularySize: 9 },
};

let folder: string;
let model: ModelFolder;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caption-decoder-'));
  const manifest = {
    name: 'tiny',
    encoder: encoderDefinition('resnet50'),
    decoder: CONFIG,
    decoding: { beam: 3, minLength: 1, maxLength: 6, lengthPenalty: 0 },
    training: {},
  };
  const words = ['<pad>', '<start>', '<end>', '<unk>', 'a', 'b', 'c', 'd', 'e'];
  await writeModel(folder, manifest, new Vocabulary(words), tinyWeights(CONFIG));
  model = await readModel(folder);
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

/** The model with other values in its decoder's config, as if model.json had been edited. */
const claiming = (change: Partial<DecoderConfig>): ModelFolder => ({
  ...model,
  manifest: { ...model.manifest, decoder: { ...CONFIG, ...change } },
});

/** The model with another step graph. */
const stepping = (change: (graph: Record<string, Expr>) => Record<string, Expr>): ModelFolder => ({
  ...model,
  step: emitOnnx(change({ ...stepGraph(CONFIG) }), { name: 'step', weights: tinyWeights(CONFIG) }),
});

describe('the decoder of a model folder', () => {
  test.each(TINY_DECODERS.map((config) => [nameOf(config), config] as const))(
    '%s fits',
    async (_, config) => {
      const weights = tinyWeights(config);
      const decoder = await OnnxDecoder.load(
        {
          ...claiming(config),
          start: emitOnnx(startGraph(config), { name: 'start', weights }),
          step: emitOnnx(stepGraph(config), { name: 'step', weights }),
        },
        THREAD,
      );
      expect(decoder.vocabularySize).toBe(config.vocabularySize);
      await decoder.release();
    },
  );

  test.each<[string, () => ModelFolder, string]>([
    [
      'another feature size',
      () => claiming({ featureSize: 1280 }),
      'start.onnx EXPECTED input image float32 [B,1280] but got input image float32 [B,2048]',
    ],
    [
      'another vocabulary',
      () => claiming({ vocabularySize: 8 }),
      'decoder.onnx EXPECTED output logProbs float32 [B,8] but got output logProbs float32 [B,9]',
    ],
    [
      'another width of the state',
      () => claiming({ hiddenSize: 6 }),
      'start.onnx EXPECTED output h0 float32 [B,6] but got output h0 float32 [B,5]',
    ],
    [
      'more layers',
      () => claiming({ layers: 3 }),
      'start.onnx EXPECTED output h2 float32 [B,5] but got no output h2',
    ],
    [
      'fewer layers',
      () => claiming({ layers: 1 }),
      'start.onnx EXPECTED no output h1 but got output h1 float32 [B,5]',
    ],
    [
      'another cell',
      () => claiming({ cell: 'gru' }),
      'start.onnx EXPECTED no output c0 but got output c0 float32 [B,5]',
    ],
    [
      'another mode',
      () => claiming({ mode: 'pre' }),
      'start.onnx EXPECTED no output projection but got output projection float32 [B,4]',
    ],
    [
      'another embedding',
      () => claiming({ embeddingSize: 7 }),
      'start.onnx EXPECTED output projection float32 [B,7] but got output projection float32 [B,4]',
    ],
    [
      'a step without its words',
      () => stepping(({ logProbs, ...next }) => ({ ...next, other: logProbs! })),
      'decoder.onnx EXPECTED output logProbs float32 [B,9] but got no output logProbs',
    ],
    [
      'a batch fixed at one image',
      () => ({ ...model, start: emitOnnx({ h0: input('image', [1, 2048]) }, { name: 'start' }) }),
      'start.onnx EXPECTED input image float32 [B,2048] but got input image float32 [1,2048]',
    ],
    [
      'start and step exchanged',
      () => ({ ...model, start: model.step, step: model.start }),
      'start.onnx EXPECTED input image float32 [B,2048] but got no input image',
    ],
  ])('%s: refused, and no session stays', async (_, make, message) => {
    const release = vi.spyOn(Session.prototype, 'release');
    const loading = OnnxDecoder.load(make(), THREAD);
    await expect(loading).rejects.toBeInstanceOf(UserError);
    await expect(loading).rejects.toThrow(
      join(folder, message.replace('EXPECTED', "doesn't fit model.json: expected")),
    );
    expect(release).toHaveBeenCalledTimes(2);
  });
});

describe('when the step graph cannot be loaded, the start session is released', () => {
  test('of a model folder', async () => {
    const release = vi.spyOn(Session.prototype, 'release');
    const broken = { ...model, step: Buffer.from('no graph') };
    await expect(OnnxDecoder.load(broken, THREAD)).rejects.toThrow(
      /^cannot load .*decoder\.onnx on device cpu: /,
    );
    expect(release).toHaveBeenCalledTimes(1);
  });

  test('of weights in training', async () => {
    const { load } = Session;
    vi.spyOn(Session, 'load').mockImplementation((source, options, name) =>
      name === 'step' ? Promise.reject(new UserError('no memory left')) : load(source, options, name),
    );
    const release = vi.spyOn(Session.prototype, 'release');
    await expect(OnnxDecoder.ofWeights(CONFIG, tinyWeights(CONFIG), THREAD)).rejects.toThrow(
      'no memory left',
    );
    expect(release).toHaveBeenCalledTimes(1);
  });
});
