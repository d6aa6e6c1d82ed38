import type { DecoderConfig } from '../decoder/config.ts';
import { startGraph } from '../decoder/graphs.ts';
import { UserError } from '../errors.ts';
import { NodeWriter } from '../onnx/emitters.ts';
import { cutTo, type GraphPart, prefixed, readGraphPart, writtenPart } from '../onnx/graph-part.ts';
import { mergedModel } from '../onnx/merge.ts';
import { onnxNode, onnxValue } from '../onnx/proto.ts';
import { graphInputs, tensorNames } from '../onnx/tensor-names.ts';
import type { NetworkDefinition } from '../vision/definition.ts';
import { type FeatureTensor, featureTensor } from '../vision/feature-tensor.ts';
import { sideNeeded } from '../vision/pixels.ts';
import { PICTURE, PREPARED, photograph, preparation } from './preparation.ts';

/** An ONNX file and what messages call it. */
export interface NamedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The feature vector [1,F] within the graph: what the decoder's start graph calls `image`. */
const FEATURE = 'feature';

/** The smallest normal float32: a vector of zeros stays one. */
const TINY = 2 ** -126;

/**
 * The pieces of an ONNX file that does all that comes before the first word: `image` uint8 [height,width,3], RGB,
 * of any size -> the decoder's state [1,width], under the names that its step graph takes.
 * @param files the networks' files, in the order of their definitions
 * @param start the decoder's start graph with its weights
 */
export function encoderGraph(
  networks: readonly NetworkDefinition[],
  files: readonly NamedFile[],
  decoder: DecoderConfig,
  start: NamedFile,
): Uint8Array[] {
  const states = Object.entries(startGraph(decoder));
  const prefixes = networks.map((_, i) => `network${i + 1}/`);
  const enough = Math.max(...networks.map(({ preprocessing }) => sideNeeded(preprocessing)));
  const together = new NodeWriter();
  const vectors = prefixes.map((prefix) => prefix + FEATURE);
  together.nodes.push(onnxNode('Concat', vectors, [FEATURE], { axis: 1 }));
  const stateNames = Object.fromEntries(states.map(([name]) => [name, name]));
  return mergedModel({
    name: 'encoder',
    description: 'photograph -> state of the decoder before the first word',
    inputs: [onnxValue('image', 'uint8', ['height', 'width', 3])],
    outputs: states.map(([name, { shape }]) => onnxValue(name, 'float32', [1, ...shape.slice(1)])),
    parts: [
      prefixed(photograph(enough), `${PICTURE}/`, { image: 'image', [PICTURE]: PICTURE }),
      ...networks.flatMap((network, i) => networkParts(network, files[i]!, prefixes[i]!)),
      writtenPart(together),
      prefixed(readGraphPart(start.bytes, start.name), 'start/', { ...stateNames, image: FEATURE }),
    ],
  });
}

/** From the photograph to the vector of one network, `<prefix>feature` [1,F]. */
function networkParts(
  definition: NetworkDefinition,
  { bytes, name }: NamedFile,
  prefix: string,
): GraphPart[] {
  const { input, feature } = namesIn(bytes, definition, name);
  const network = cutTo(readGraphPart(bytes, name, feature.addition), [feature.name]);
  const prepared = `${prefix}prepare/${PREPARED}`;
  return [
    prefixed(preparation(definition), `${prefix}prepare/`, { [PICTURE]: PICTURE }),
    prefixed(network, `${prefix}cnn/`, { [input]: prepared, [feature.name]: `${prefix}output` }),
    prefixed(scaling(definition), `${prefix}scale/`, {
      output: `${prefix}output`,
      feature: prefix + FEATURE,
    }),
  ];
}

/** `output` of a network, [1,F] or [1,F,1,1] -> `feature` [1,F], brought to length `l2`. */
function scaling({ featureSize, l2 }: NetworkDefinition): GraphPart {
  const writer = new NodeWriter();
  const row = writer.op('Reshape', ['output', writer.ints(1, featureSize)]);
  if (l2 === null) {
    writer.nodes.push(onnxNode('Identity', [row], ['feature']));
  } else {
    const length = writer.op('ReduceL2', [row, writer.ints(1)], { keepdims: 1 });
    const direction = writer.op('Div', [row, writer.op('Max', [length, writer.scalar(TINY)])]);
    writer.nodes.push(onnxNode('Mul', [direction, writer.scalar(l2)], ['feature']));
  }
  return writtenPart(writer);
}

/** What a file calls its image input and its feature, found as `Encoder.load` finds them. */
function namesIn(
  bytes: Uint8Array,
  { input, features }: NetworkDefinition,
  file: string,
): { readonly input: string; readonly feature: FeatureTensor } {
  const names = tensorNames(bytes);
  if (!names) throw new UserError(`expected ${file} to be an ONNX file but it has no graph that can be read`);
  const feature = featureTensor(names, features);
  if (feature === undefined) {
    throw new UserError(
      `expected ${file} to compute ${features.join(' or ')} but its last tensors are ${names.computed.slice(-6).join(', ')}`,
    );
  }
  const inputs = graphInputs(bytes).map(({ name }) => name);
  const image = inputs.length === 1 ? inputs[0] : inputs.find((name) => name === input.name);
  if (image === undefined) {
    throw new UserError(`expected ${file} to have an input ${input.name} but got ${inputs.join(', ')}`);
  }
  return { input: image, feature };
}
