import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CELLS } from '../../src/decoder/cells/table.ts';
import { type DecoderConfig, MODES } from '../../src/decoder/config.ts';
import { startGraph } from '../../src/decoder/graphs.ts';
import { initialWeights } from '../../src/decoder/parameters.ts';
import { UserError } from '../../src/errors.ts';
import { type ModelFolder, readModel, writeModel } from '../../src/library/model-folder.ts';
import { modelWeights } from '../../src/library/model-weights.ts';
import { emitOnnx } from '../../src/onnx/emit.ts';
import { Random } from '../../src/random.ts';
import { Vocabulary } from '../../src/text/vocabulary.ts';
import { encoderDefinition } from '../../src/vision/encoders.ts';

const vocabulary = new Vocabulary(['<pad>', '<start>', '<end>', '<unk>', 'a', 'dog']);
const F = 7;
const resnet = encoderDefinition('resnet50');
const encoder = {
  ...resnet,
  featureSize: F,
  networks: resnet.networks.map((network) => ({ ...network, featureSize: F })),
};
const decoder = (changed: Partial<DecoderConfig> = {}): DecoderConfig => ({
  ...{ cell: 'gru', mode: 'init', layers: 1, embeddingSize: 2, hiddenSize: 3 },
  ...{ featureSize: F, vocabularySize: vocabulary.size },
  ...changed,
});

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caption-weights-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function written(config: DecoderConfig, weights: Map<string, Float32Array>): Promise<ModelFolder> {
  const path = join(folder, 'model');
  const decoding = { beam: 3, minLength: 1, maxLength: 6, lengthPenalty: 0 };
  const manifest = { name: 'tiny', encoder, decoder: config, decoding, training: {} };
  await writeModel(path, manifest, vocabulary, weights);
  return readModel(path);
}

/** No two weights alike, biases too. */
function someWeights(config: DecoderConfig): Map<string, Float32Array> {
  const random = new Random(6);
  const weights = initialWeights(config, random);
  for (const values of weights.values()) values.set(values.map(() => random.normal()));
  return weights;
}

describe('modelWeights', () => {
  for (const cell of CELLS) {
    for (const mode of MODES) {
      it(`gives back the weights that a model was written with: ${cell}, ${mode}`, async () => {
        for (const layers of [1, 2]) {
          const config = decoder({ cell, mode, layers });
          const weights = someWeights(config);
          const read = modelWeights(await written(config, weights));
          // In the order of the decoder's parameters too, which is that of a training.
          expect([...read]).toEqual([...weights]);
        }
      });
    }
  }

  it('refuses graphs of another decoder than model.json says', async () => {
    const model = await written(decoder(), someWeights(decoder()));
    const refuse = (changed: Partial<DecoderConfig>, message: string) => {
      const config = decoder(changed);
      const start = emitOnnx(startGraph(config), { name: 'start', weights: someWeights(config) });
      const reading = () => modelWeights({ ...model, start });
      expect(reading).toThrow(`expected ${model.path} to hold ${message}`);
      expect(reading).toThrow(UserError);
    };
    refuse({ hiddenSize: 4 }, '21 weights of image.W but got 28');
    const start = emitOnnx(startGraph(decoder()), { name: 'start' });
    expect(() => modelWeights({ ...model, start })).toThrow(
      `expected ${model.path} to hold 21 weights of image.W but got none`,
    );
  });

  it('names the file that is no ONNX', async () => {
    const model = await written(decoder(), someWeights(decoder()));
    expect(() => modelWeights({ ...model, step: Buffer.from('not a graph at all') })).toThrow(
      `expected ${join(model.path, 'decoder.onnx')} to be an ONNX file but it can't be read as one`,
    );
  });
});
