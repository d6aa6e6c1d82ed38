import { readFile } from 'node:fs/promises';
import { messageOf, UserError } from '../errors.ts';
import { sha256 } from '../files/sha256.ts';
import type { TensorInfo } from '../onnx/session.ts';
import { graphInputs, tensorNames } from '../onnx/tensor-names.ts';
import type { NetworkDefinition } from '../vision/definition.ts';
import { featureTensor } from '../vision/feature-tensor.ts';

/** What a network's ONNX file has to say about itself. */
export interface EncoderFile {
  readonly bytes: number;
  readonly sha256: string;
  readonly inputs: readonly TensorInfo[];
  /** The tensor that will be read as the feature; undefined where the file has none of the known names. */
  readonly feature: { readonly name: string; readonly quantised: boolean } | undefined;
}

/** Looks into a network's file without loading it into onnxruntime. */
export async function inspectEncoderFile(path: string, network: NetworkDefinition): Promise<EncoderFile> {
  const bytes = await readFile(path).catch((error) => {
    throw new UserError(`cannot read the encoder file ${path}: ${messageOf(error)}`, { cause: error });
  });
  const names = tensorNames(bytes);
  if (!names) {
    throw new UserError(`expected ${path} to be an ONNX file but it has no graph that can be read`);
  }
  return {
    bytes: bytes.length,
    sha256: sha256(bytes),
    inputs: graphInputs(bytes),
    feature: featureTensor(names, network.features),
  };
}
