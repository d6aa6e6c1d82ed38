import { dequantizedOutput, outputDeclaration } from '../onnx/proto.ts';
import type { TensorNames } from '../onnx/tensor-names.ts';

/** The tensor of an ONNX file that holds the feature, and how to read it. */
export interface FeatureTensor {
  readonly name: string;
  /** Whether the file holds it as 8-bit numbers only. */
  readonly quantised: boolean;
  /** Bytes that make it a float output of the graph when they stand behind the file's own. */
  readonly addition: Uint8Array;
}

/**
 * The first of the `wanted` tensors that a file computes, else the first that it computes as 8-bit numbers. For
 * the latter, onnxruntime's quantiser calls the numbers of `x` `x_quantized` and keeps two constants beside them,
 * `x_scale` and `x_zero_point`. (The zoo's vgg16-12-int8.onnx was not at hand: that it names its tensors in one of
 * these two ways is what the quantiser's source says, not something that was tried.)
 */
export function featureTensor(names: TensorNames, wanted: readonly string[]): FeatureTensor | undefined {
  const name = wanted.find((tensor) => names.computed.includes(tensor));
  if (name !== undefined) {
    const declared = names.outputs.includes(name);
    return { name, quantised: false, addition: declared ? new Uint8Array(0) : outputDeclaration(name) };
  }
  const quantised = wanted.find(
    (tensor) =>
      names.computed.includes(`${tensor}_quantized`) &&
      names.constants.includes(`${tensor}_scale`) &&
      names.constants.includes(`${tensor}_zero_point`),
  );
  if (quantised === undefined) return undefined;
  return { name: quantised, quantised: true, addition: dequantizedOutput(quantised) };
}

/** Bytes that the longest addition for one of these tensors needs. */
export function roomForAddition(wanted: readonly string[]): number {
  return Math.max(...wanted.map((name) => dequantizedOutput(name).length));
}
