import { fromBinary } from '@bufbuild/protobuf';
import { TensorProto_DataType, type ValueInfoProto, ValueInfoProtoSchema } from 'onnx-buf';
import type { TensorInfo } from './session.ts';
import { fields } from './wire.ts';

// Field numbers of onnx.proto3.
const MODEL_GRAPH = 7;
const GRAPH_NODE = 1;
const GRAPH_INITIALIZER = 5;
const GRAPH_INPUT = 11;
const GRAPH_OUTPUT = 12;
const NODE_OUTPUT = 2;
const VALUE_NAME = 1;
const TENSOR_NAME = 8;

/** The tensors that a graph computes, by name. */
export interface TensorNames {
  /** Those that the file declares as outputs. */
  readonly outputs: string[];
  /** All of them, in the order in which the nodes come. */
  readonly computed: string[];
  /** Weights and other constants. */
  readonly constants: string[];
}

/**
 * Names of the tensors in an ONNX file, found by walking over its bytes and skipping everything
 * else: half a gigabyte of weights is neither copied nor parsed. Null when the bytes are not ONNX.
 */
export function tensorNames(model: Uint8Array): TensorNames | null {
  const names: TensorNames = { outputs: [], computed: [], constants: [] };
  try {
    eachPartOfGraph(model, (field, message) => {
      if (field === GRAPH_OUTPUT) names.outputs.push(...texts(message, VALUE_NAME));
      if (field === GRAPH_NODE) names.computed.push(...texts(message, NODE_OUTPUT));
      if (field === GRAPH_INITIALIZER) names.constants.push(...texts(message, TENSOR_NAME));
    });
  } catch {
    return null;
  }
  return names.computed.length > 0 ? names : null;
}

/**
 * What has to be given to the graph of an ONNX file, found in the same way. (Old files declare their weights as
 * inputs too; those are left out.) Throws where `tensorNames` gives null.
 */
export function graphInputs(model: Uint8Array): TensorInfo[] {
  const inputs: ValueInfoProto[] = [];
  const constants: string[] = [];
  eachPartOfGraph(model, (field, message) => {
    if (field === GRAPH_INPUT) inputs.push(fromBinary(ValueInfoProtoSchema, message));
    if (field === GRAPH_INITIALIZER) constants.push(...texts(message, TENSOR_NAME));
  });
  return inputs.filter(({ name }) => !constants.includes(name)).map(tensorInfo);
}

function tensorInfo({ name, type }: ValueInfoProto): TensorInfo {
  const tensor = type?.value.case === 'tensorType' ? type.value.value : undefined;
  const dims = tensor?.shape?.dim.map(({ value }) =>
    value.case === 'dimValue' ? Number(value.value) : (value.value ?? '?'),
  );
  const elementType = TensorProto_DataType[tensor?.elemType ?? TensorProto_DataType.UNDEFINED];
  return { name, type: elementType === 'FLOAT' ? 'float32' : elementType.toLowerCase(), dims: dims ?? [] };
}

function eachPartOfGraph(model: Uint8Array, visit: (field: number, value: Uint8Array) => void): void {
  for (const [field, graph] of fields(model)) {
    if (field !== MODEL_GRAPH) continue;
    for (const [part, value] of fields(graph)) visit(part, value);
  }
}

function texts(message: Uint8Array, wanted: number): string[] {
  return Array.from(fields(message))
    .filter(([field]) => field === wanted)
    .map(([, value]) => Buffer.from(value).toString('utf8'));
}
