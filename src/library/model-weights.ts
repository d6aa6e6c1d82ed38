import { join } from 'node:path';
import { decoderParameters } from '../decoder/parameters.ts';
import { UserError } from '../errors.ts';
import { readWeights } from '../onnx/weights.ts';
import { type ModelFolder, START_FILE, STEP_FILE } from './model-folder.ts';

/** The weights of a model's decoder by name, from its two graphs: where a training can go on. */
export function modelWeights({ path, manifest, start, step }: ModelFolder): Map<string, Float32Array> {
  const weights = new Map([
    ...readWeights(start, join(path, START_FILE)),
    ...readWeights(step, join(path, STEP_FILE)),
  ]);
  const parameters = Object.entries(decoderParameters(manifest.decoder));
  return new Map(
    parameters.map(([name, { shape }]) => {
      const values = weights.get(name);
      const size = shape.reduce<number>((product, dim) => product * Number(dim), 1);
      if (values?.length === size) return [name, values];
      throw new UserError(
        `expected ${path} to hold ${size} weights of ${name} but got ${values?.length ?? 'none'}`,
      );
    }),
  );
}
