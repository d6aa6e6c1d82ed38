import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { type NodeProto, NodeProtoSchema, OperatorSetIdProtoSchema, TensorProtoSchema } from 'onnx-buf';
import { UserError } from '../errors.ts';
import type { NodeWriter } from './emitters.ts';
import { OPSET } from './proto.ts';
import { fields } from './wire.ts';

// Field numbers of onnx.proto3.
const MODEL = { graph: 7, opsetImport: 8 };
const GRAPH = { node: 1, initializer: 5 };
const TENSOR = { name: 8, externalData: 13 };

/** Operators and weights that are to become part of a larger graph. */
export interface GraphPart {
  /** What messages call it. */
  readonly file: string;
  /** Version of each operator set that the operators are meant in, by domain ('' is ONNX's own). */
  readonly opsets: ReadonlyMap<string, number>;
  readonly nodes: readonly NodeProto[];
  /** TensorProto messages by name, as they stand in the file but for the name, which is the key. */
  readonly weights: ReadonlyMap<string, Uint8Array>;
}

/**
 * Reads an ONNX file without parsing or copying its weights, which go on being views of `bytes`.
 * @param addition bytes that belong behind the file's own (protobuf merges messages that follow each other)
 */
export function readGraphPart(
  bytes: Uint8Array,
  file: string,
  addition: Uint8Array = new Uint8Array(0),
): GraphPart {
  const opsets = new Map<string, number>();
  const nodes: NodeProto[] = [];
  const weights = new Map<string, Uint8Array>();
  try {
    for (const [number, value] of [...fields(bytes), ...fields(addition)]) {
      if (number === MODEL.opsetImport) {
        const { domain, version } = fromBinary(OperatorSetIdProtoSchema, value);
        opsets.set(standardDomain(domain), Number(version));
      }
      if (number !== MODEL.graph) continue;
      for (const [number, message] of fields(value)) {
        if (number === GRAPH.node) nodes.push(fromBinary(NodeProtoSchema, message));
        if (number === GRAPH.initializer) weights.set(nameOfTensor(message), message);
      }
    }
  } catch (cause) {
    throw new UserError(`expected ${file} to be an ONNX file but it can't be read as one`, { cause });
  }
  return { file, opsets, nodes, weights };
}

/** Of a field that comes twice, the last counts: `mergedModel` gives tensors their new names so. */
function nameOfTensor(tensor: Uint8Array): string {
  const names = [...fields(tensor)].filter(([number]) => number === TENSOR.name);
  return Buffer.from(names.at(-1)?.[1] ?? []).toString('utf8');
}

/** ONNX's own operators have two names for where they come from. */
export function standardDomain(domain: string): string {
  return domain === 'ai.onnx' ? '' : domain;
}

/** What a writer has collected. */
export function writtenPart({ nodes, constants }: NodeWriter): GraphPart {
  return {
    file: 'the graph around the networks',
    opsets: new Map([['', Number(OPSET)]]),
    nodes,
    weights: new Map(constants.map((tensor) => [tensor.name, toBinary(TensorProtoSchema, tensor)])),
  };
}

/** The operators and weights that these outputs need: a classifier's last layers go when the feature is before them. */
export function cutTo(part: GraphPart, outputs: readonly string[]): GraphPart {
  const wanted = new Set(outputs);
  const nodes: NodeProto[] = [];
  // In a file every operator comes after those that it reads from.
  for (const node of part.nodes.toReversed()) {
    if (!node.output.some((name) => wanted.has(name))) continue;
    refuseSubgraphs(node, part.file);
    nodes.push(node);
    for (const name of node.input) wanted.add(name);
  }
  const weights = new Map([...part.weights].filter(([name]) => wanted.has(name)));
  for (const [name, tensor] of weights) refuseExternalData(name, tensor, part.file);
  return { ...part, nodes: nodes.reverse(), weights };
}

function refuseSubgraphs({ opType, attribute }: NodeProto, file: string): void {
  if (attribute.every(({ g, graphs }) => g === undefined && graphs.length === 0)) return;
  throw new UserError(
    `expected ${file} to be a plain graph but got the operator ${opType} with a graph of its own`,
  );
}

function refuseExternalData(name: string, tensor: Uint8Array, file: string): void {
  for (const [number] of fields(tensor)) {
    if (number !== TENSOR.externalData) continue;
    throw new UserError(`expected ${file} to hold its weights but got ${name} in a second file`, {
      hint: 'save it as one file: onnx.save(onnx.load(file), one_file)',
    });
  }
}

/**
 * The same part with `prefix` before the names of its tensors and operators, except for those that `outside` knows
 * by a name of their own: what the part takes from others or gives to them.
 */
export function prefixed(
  part: GraphPart,
  prefix: string,
  outside: Readonly<Record<string, string>>,
): GraphPart {
  const rename = (name: string) => {
    // An empty name is an optional input or output that is left out.
    if (name === '') return '';
    return Object.hasOwn(outside, name) ? outside[name]! : prefix + name;
  };
  const nodes = part.nodes.map((node) =>
    create(NodeProtoSchema, {
      opType: node.opType,
      domain: node.domain,
      attribute: node.attribute,
      name: node.name && prefix + node.name,
      input: node.input.map(rename),
      output: node.output.map(rename),
    }),
  );
  const weights = new Map([...part.weights].map(([name, tensor]) => [rename(name), tensor]));
  return { ...part, nodes, weights };
}
