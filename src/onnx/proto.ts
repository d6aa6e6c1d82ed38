import { create, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  type TensorProto,
  TensorProto_DataType,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from 'onnx-buf';

/** ONNX operator set and IR version that every file we write declares. */
export const OPSET = 18n;
export const IR_VERSION = 9n;

export type AttributeValue = number | string | readonly number[] | { readonly float: number };

/** Values of a constant; the array type chooses the ONNX element type (Uint16Array holds float16 bits). */
export type TensorData = Float32Array | BigInt64Array | Int32Array | Int8Array | Uint8Array | Uint16Array;

export type ElementType = 'float32' | 'int64' | 'int32' | 'uint8';

export interface OnnxModel {
  readonly name: string;
  readonly inputs: readonly ValueInfoProto[];
  readonly outputs: readonly ValueInfoProto[];
  readonly initializers: readonly TensorProto[];
  readonly nodes: readonly NodeProto[];
  /** What the file is, in words; onnxruntime ignores it. */
  readonly description?: string;
}

/** One operator. Whole numbers become INT attributes, `{ float }` FLOAT, arrays INTS, text STRING. */
export function onnxNode(
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Record<string, AttributeValue> = {},
): NodeProto {
  return create(NodeProtoSchema, {
    opType,
    name: outputs[0] ?? '',
    input: [...inputs],
    output: [...outputs],
    attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
  });
}

function attribute(name: string, value: AttributeValue) {
  const Type = AttributeProto_AttributeType;
  if (typeof value === 'number') {
    return create(AttributeProtoSchema, { name, type: Type.INT, i: BigInt(value) });
  }
  if (typeof value === 'string') {
    return create(AttributeProtoSchema, { name, type: Type.STRING, s: new TextEncoder().encode(value) });
  }
  if ('float' in value) return create(AttributeProtoSchema, { name, type: Type.FLOAT, f: value.float });
  return create(AttributeProtoSchema, { name, type: Type.INTS, ints: value.map(BigInt) });
}

/** A constant (weights, shapes), stored as raw little-endian bytes. */
export function onnxTensor(name: string, dims: readonly number[], data: TensorData): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dims: dims.map(BigInt),
    dataType: dataTypeOf(data),
    rawData: new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength),
  });
}

function dataTypeOf(data: TensorData): TensorProto_DataType {
  if (data instanceof Float32Array) return TensorProto_DataType.FLOAT;
  if (data instanceof BigInt64Array) return TensorProto_DataType.INT64;
  if (data instanceof Int32Array) return TensorProto_DataType.INT32;
  if (data instanceof Int8Array) return TensorProto_DataType.INT8;
  if (data instanceof Uint16Array) return TensorProto_DataType.FLOAT16;
  return TensorProto_DataType.UINT8;
}

const ELEMENT_TYPES: Record<ElementType, TensorProto_DataType> = {
  float32: TensorProto_DataType.FLOAT,
  int64: TensorProto_DataType.INT64,
  int32: TensorProto_DataType.INT32,
  uint8: TensorProto_DataType.UINT8,
};

/** Name, type and shape of a graph input or output; a text dimension is symbolic. */
export function onnxValue(
  name: string,
  type: ElementType,
  dims: readonly (number | string)[],
): ValueInfoProto {
  return create(ValueInfoProtoSchema, {
    name,
    type: {
      value: {
        case: 'tensorType',
        value: {
          elemType: ELEMENT_TYPES[type],
          shape: {
            dim: dims.map((dim) =>
              typeof dim === 'number'
                ? { value: { case: 'dimValue' as const, value: BigInt(dim) } }
                : { value: { case: 'dimParam' as const, value: dim } },
            ),
          },
        },
      },
    },
  });
}

/** The bytes of an ONNX file. */
export function onnxModel(model: OnnxModel): Uint8Array {
  const message = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: 'caption',
    docString: model.description ?? '',
    opsetImport: [create(OperatorSetIdProtoSchema, { domain: '', version: OPSET })],
    graph: create(GraphProtoSchema, {
      name: model.name,
      input: [...model.inputs],
      output: [...model.outputs],
      initializer: [...model.initializers],
      node: [...model.nodes],
    }),
  });
  return toBinary(ModelProtoSchema, message);
}

/**
 * The bytes to append to somebody's ONNX file so that an inner float tensor becomes an output:
 * protobuf merges repeated occurrences of a message field, so a second ModelProto that holds only
 * `graph { output { name, type } }` extends the first without parsing it.
 */
export function outputDeclaration(tensorName: string): Uint8Array {
  return graphAddition(tensorName, []);
}

/**
 * The same where the file holds a tensor `x` as 8-bit numbers only: appended to the file, these bytes compute the
 * float tensor `x` from `x_quantized`, `x_scale` and `x_zero_point` (as onnxruntime's quantiser names them) and
 * declare it as an output.
 */
export function dequantizedOutput(tensorName: string): Uint8Array {
  const inputs = ['quantized', 'scale', 'zero_point'].map((part) => `${tensorName}_${part}`);
  return graphAddition(tensorName, [onnxNode('DequantizeLinear', inputs, [tensorName])]);
}

function graphAddition(outputName: string, node: NodeProto[]): Uint8Array {
  const output = create(ValueInfoProtoSchema, {
    name: outputName,
    type: { value: { case: 'tensorType', value: { elemType: TensorProto_DataType.FLOAT } } },
  });
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, { graph: create(GraphProtoSchema, { node, output: [output] }) }),
  );
}
