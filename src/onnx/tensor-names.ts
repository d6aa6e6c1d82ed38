import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

// Field numbers of onnx.proto3.
const MODEL_GRAPH = 7;
const GRAPH_NODE = 1;
const GRAPH_OUTPUT = 12;
const NODE_OUTPUT = 2;
const VALUE_NAME = 1;

/** The tensors that a graph computes, by name. */
export interface TensorNames {
  /** Those that the file declares as outputs. */
  readonly outputs: string[];
  /** All of them, in the order in which the nodes come. */
  readonly computed: string[];
}

/**
 * Names of the tensors in an ONNX file, found by walking over its bytes and skipping everything
 * else: half a gigabyte of weights is neither copied nor parsed. Null when the bytes are not ONNX.
 */
export function tensorNames(model: Uint8Array): TensorNames | null {
  const names: TensorNames = { outputs: [], computed: [] };
  try {
    eachMessage(model, (field, graph) => {
      if (field !== MODEL_GRAPH) return;
      eachMessage(graph, (field, message) => {
        if (field === GRAPH_OUTPUT) names.outputs.push(...texts(message, VALUE_NAME));
        if (field === GRAPH_NODE) names.computed.push(...texts(message, NODE_OUTPUT));
      });
    });
  } catch {
    return null;
  }
  return names.computed.length > 0 ? names : null;
}

/** Calls `visit` with the bytes of every length-delimited field of a message. */
function eachMessage(bytes: Uint8Array, visit: (field: number, value: Uint8Array) => void): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (wireType === WireType.LengthDelimited) visit(field, reader.bytes());
    else reader.skip(wireType, field);
  }
}

function texts(message: Uint8Array, wanted: number): string[] {
  const found: string[] = [];
  eachMessage(message, (field, value) => {
    if (field === wanted) found.push(Buffer.from(value).toString('utf8'));
  });
  return found;
}
