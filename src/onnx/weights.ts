import { fromBinary } from '@bufbuild/protobuf';
import { TensorProto_DataType, TensorProtoSchema } from 'onnx-buf';
import { UserError } from '../errors.ts';
import { readGraphPart } from './graph-part.ts';

/** The float32 weights that an ONNX file of ours holds, by name; `file` is for messages. */
export function readWeights(bytes: Uint8Array, file: string): Map<string, Float32Array> {
  const weights = new Map<string, Float32Array>();
  for (const [name, message] of readGraphPart(bytes, file).weights) {
    const { rawData, dims, dataType } = fromBinary(TensorProtoSchema, message);
    if (dataType !== TensorProto_DataType.FLOAT) continue;
    const size = dims.reduce((product, dim) => product * Number(dim), 1);
    if (rawData.length !== 4 * size) {
      throw new UserError(`expected weight ${name} of ${file} to be ${size} float32 numbers but it is not`);
    }
    // A copy, as floats may not start at a multiple of four in the file; a Buffer's `slice` would be none.
    weights.set(name, new Float32Array(new Uint8Array(rawData).buffer));
  }
  return weights;
}
