import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../src/errors.ts';

/**
 * A Keras functional model as the TensorFlow.js converter writes it ("layers model"): model.json holds
 * the layers and a list of weights, whose float32 values follow each other in the shard files.
 */
export interface KerasModel {
  readonly layers: readonly KerasLayer[];
  /** Weights by name, `<layer>/kernel` and so on. */
  readonly weights: ReadonlyMap<string, KerasWeights>;
}

export interface KerasWeights {
  readonly dims: readonly number[];
  readonly values: Float32Array;
}

const pair = z.tuple([z.number(), z.number()]);

/** Only what an image classifier's layers need of Keras' configuration. */
const layerSchema = z.object({
  class_name: z.string(),
  name: z.string(),
  config: z.object({
    batch_input_shape: z.array(z.number().nullable()).optional(),
    /** ZeroPadding2D has [[top, bottom], [left, right]] here, the other layers `same` or `valid`. */
    padding: z.union([z.enum(['same', 'valid']), z.tuple([pair, pair])]).optional(),
    strides: pair.optional(),
    pool_size: pair.optional(),
    epsilon: z.number().optional(),
    activation: z.string().optional(),
  }),
  /** One call of the layer: its inputs as [layer name, ...]. */
  inbound_nodes: z.array(z.array(z.tuple([z.string()]).rest(z.unknown()))),
});
export type KerasLayer = z.infer<typeof layerSchema>;

const modelSchema = z.object({
  format: z.literal('layers-model'),
  modelTopology: z.object({ model_config: z.object({ config: z.object({ layers: z.array(layerSchema) }) }) }),
  weightsManifest: z.array(
    z.object({
      paths: z.array(z.string()),
      weights: z.array(
        z.object({ name: z.string(), shape: z.array(z.number()), dtype: z.literal('float32') }),
      ),
    }),
  ),
});

/** Reads model.json and its shards from a folder. Throws UserError if they do not fit together. */
export function readKeras(folder: string): KerasModel {
  const path = join(folder, 'model.json');
  const parsed = modelSchema.safeParse(JSON.parse(readFileSync(path, 'utf8')));
  if (!parsed.success) {
    throw new UserError(
      `expected ${path} to be a TensorFlow.js layers model but got ${z.prettifyError(parsed.error)}`,
    );
  }
  const weights = new Map<string, KerasWeights>();
  for (const group of parsed.data.weightsManifest) {
    const bytes = Buffer.concat(group.paths.map((shard) => readFileSync(join(folder, shard))));
    const all = new Float32Array(
      bytes.buffer,
      bytes.byteOffset,
      bytes.length / Float32Array.BYTES_PER_ELEMENT,
    );
    let start = 0;
    for (const { name, shape } of group.weights) {
      const size = shape.reduce((a, b) => a * b, 1);
      weights.set(name, { dims: shape, values: all.subarray(start, start + size) });
      start += size;
    }
    if (start !== all.length) {
      throw new UserError(`expected ${start} values in the shards of ${path} but got ${all.length}`);
    }
  }
  return { layers: parsed.data.modelTopology.model_config.config.layers, weights };
}
