import { create, toBinary } from '@bufbuild/protobuf';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  TensorProtoSchema,
  type ValueInfoProto,
} from 'onnx-buf';
import { UserError } from '../errors.ts';
import type { GraphPart } from './graph-part.ts';
import { reconciled } from './operator-sets.ts';
import { IR_VERSION } from './proto.ts';
import { field, totalLength } from './wire.ts';

// Field numbers of onnx.proto3.
const MODEL_GRAPH = 7;
const GRAPH = { node: 1, initializer: 5 };

/** The most that a graph may take: protobuf lets a message hold less than 2 GiB, and there is a head as well. */
const LARGEST = 2 ** 31 - 2 ** 16;

interface MergedModel {
  readonly name: string;
  readonly description: string;
  readonly inputs: readonly ValueInfoProto[];
  readonly outputs: readonly ValueInfoProto[];
  /** In the order in which they compute. No two may use one name for two things. */
  readonly parts: readonly GraphPart[];
}

/**
 * One ONNX file made of several graphs, as the pieces to write one after the other: weights are views of the
 * bytes that they were read from, so half a gigabyte of them isn't copied.
 */
export function mergedModel(model: MergedModel): Uint8Array[] {
  refuseMissing(model);
  const { name, description, inputs, outputs } = model;
  const { parts, opsets } = reconciled(model.parts);
  const graph = [
    toBinary(GraphProtoSchema, create(GraphProtoSchema, { name, input: [...inputs], output: [...outputs] })),
    ...parts.flatMap(({ nodes }) =>
      nodes.flatMap((node) => field(GRAPH.node, [toBinary(NodeProtoSchema, node)])),
    ),
    ...parts.flatMap(({ weights }) =>
      // Of a field that comes twice, the last counts: a name at the end renames a tensor without parsing it.
      [...weights].flatMap(([name, tensor]) =>
        field(GRAPH.initializer, [tensor, toBinary(TensorProtoSchema, create(TensorProtoSchema, { name }))]),
      ),
    ),
  ];
  const head = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: 'caption',
    docString: description,
    opsetImport: [...opsets].map(([domain, version]) =>
      create(OperatorSetIdProtoSchema, { domain, version: BigInt(version) }),
    ),
  });
  const size = totalLength(graph);
  if (size > LARGEST) {
    throw new UserError(
      `expected the networks to fit in one ONNX file, which holds 2 GB at most, but got ${(size / 2 ** 30).toFixed(1)} GB`,
    );
  }
  return [toBinary(ModelProtoSchema, head), ...field(MODEL_GRAPH, graph)];
}

/** Every operator has to find what it reads: a weight of a kind that isn't read would be missed here. */
function refuseMissing({ inputs, parts }: MergedModel): void {
  const known = new Set(['', ...inputs.map(({ name }) => name)]);
  for (const { file, nodes, weights } of parts) {
    for (const name of weights.keys()) known.add(name);
    for (const { input, output, opType } of nodes) {
      const missing = input.find((name) => !known.has(name));
      if (missing !== undefined) {
        throw new UserError(
          `expected ${file} to hold ${missing}, which its operator ${opType} reads, but it does not`,
        );
      }
      for (const name of output) known.add(name);
    }
  }
}
