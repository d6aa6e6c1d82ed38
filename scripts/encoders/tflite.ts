import { ByteBuffer } from 'flatbuffers';
import { UserError } from '../../src/errors.ts';

/**
 * A reader for the few tables of a TensorFlow Lite file that a quantised classifier needs. The file is
 * a FlatBuffer: a field is found by its slot, its position in the table's declaration in
 * tensorflow/compiler/mlir/lite/schema/schema.fbs, which never changes for a published field.
 */
export interface TfliteModel {
  readonly tensors: readonly TfliteTensor[];
  /** Tensor index of the first input and of the first output. */
  readonly input: number;
  readonly output: number;
  /** In execution order. */
  readonly operators: readonly TfliteOperator[];
}

export interface TfliteTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: TfliteType;
  /** Raw little-endian values; empty for activations. */
  readonly data: Uint8Array;
  /** real = scale * (stored - zeroPoint), one pair a channel of `axis`, or one for all. */
  readonly quantization: {
    readonly scales: Float32Array;
    readonly zeroPoints: bigint[];
    readonly axis: number;
  };
}

export interface TfliteOperator {
  readonly op: TfliteOp;
  readonly inputs: Int32Array;
  readonly outputs: Int32Array;
  readonly padding: 'same' | 'valid';
  readonly activation: 'none' | 'relu' | 'relu6';
  readonly strides: readonly [height: number, width: number];
  /** Window of a pooling operator. */
  readonly window: readonly [height: number, width: number];
}

/** enum TensorType, the members that occur. */
const TYPES = { 0: 'float32', 2: 'int32', 3: 'uint8', 9: 'int8' } as const;
type TfliteType = (typeof TYPES)[keyof typeof TYPES];

/** enum BuiltinOperator, the members that occur in an image classifier. */
const OPS = {
  0: 'add',
  1: 'averagePool',
  3: 'conv',
  4: 'depthwiseConv',
  6: 'dequantize',
  9: 'fullyConnected',
  22: 'reshape',
  25: 'softmax',
  40: 'mean',
  114: 'quantize',
} as const;
type TfliteOp = (typeof OPS)[keyof typeof OPS];

/** enum ActivationFunctionType. */
const ACTIVATIONS = { 0: 'none', 1: 'relu', 3: 'relu6' } as const;

/** Slots of the option tables: each operator declares the same fields in an order of its own. */
const OPTION_SLOTS: Partial<Record<TfliteOp, { strides?: number; window?: number; activation: number }>> = {
  conv: { strides: 1, activation: 3 },
  depthwiseConv: { strides: 1, activation: 4 },
  averagePool: { strides: 1, window: 3, activation: 5 },
  add: { activation: 0 },
  fullyConnected: { activation: 0 },
};

/** Parses the bytes of a .tflite file; `path` is for messages. Throws UserError on what it cannot read. */
export function readTflite(bytes: Uint8Array, path: string): TfliteModel {
  const buffer = new ByteBuffer(bytes);
  // The file identifier follows the root offset.
  if (bytes.length < 8 || Buffer.from(bytes.subarray(4, 8)).toString('latin1') !== 'TFL3') {
    throw new UserError(`expected ${path} to be a TensorFlow Lite file but its identifier is not TFL3`);
  }
  const model = new Table(buffer, buffer.readInt32(0));
  // Model: version 0, operator_codes 1, subgraphs 2, description 3, buffers 4.
  const buffers = model.tables(4).map((table) => table.bytes(0));
  // OperatorCode: deprecated_builtin_code 0 (a byte), custom_code 1, version 2, builtin_code 3 (the same, wider).
  const codes = model.tables(1).map((table) => Math.max(table.int8(0), table.int32(3)));
  const graph = model.tables(2)[0];
  if (graph === undefined) throw new UserError(`expected ${path} to hold a graph but got none`);
  // SubGraph: tensors 0, inputs 1, outputs 2, operators 3.
  return {
    tensors: graph.tables(0).map((table) => tensorOf(table, buffers, path)),
    input: graph.int32s(1)[0] ?? -1,
    output: graph.int32s(2)[0] ?? -1,
    operators: graph.tables(3).map((table) => operatorOf(table, codes, path)),
  };
}

function tensorOf(table: Table, buffers: readonly Uint8Array[], path: string): TfliteTensor {
  // Tensor: shape 0, type 1, buffer 2, name 3, quantization 4.
  const quantization = table.table(4);
  return {
    name: table.text(3),
    shape: [...table.int32s(0)],
    type: member(TYPES, table.int8(1), `${path}: tensor type`),
    data: buffers[table.int32(2)] ?? new Uint8Array(),
    // QuantizationParameters: min 0, max 1, scale 2, zero_point 3, details 4 and 5, quantized_dimension 6.
    quantization: {
      scales: quantization?.float32s(2) ?? new Float32Array(),
      zeroPoints: quantization?.int64s(3) ?? [],
      axis: quantization?.int32(6) ?? 0,
    },
  };
}

function operatorOf(table: Table, codes: readonly number[], path: string): TfliteOperator {
  // Operator: opcode_index 0, inputs 1, outputs 2, builtin_options 3 (union type) and 4 (its table).
  const op = member(OPS, codes[table.int32(0)] ?? -1, `${path}: operator`);
  const options = table.table(4);
  const slots = OPTION_SLOTS[op];
  // Option tables hold widths before heights.
  const pair = (slot: number | undefined): [number, number] =>
    slot === undefined || options === undefined ? [1, 1] : [options.int32(slot + 1), options.int32(slot)];
  return {
    op,
    inputs: table.int32s(1),
    outputs: table.int32s(2),
    // enum Padding: SAME 0 (the default), VALID 1; slot 0 wherever there are strides.
    padding: slots?.strides !== undefined && options?.int8(0) === 1 ? 'valid' : 'same',
    activation:
      slots === undefined || options === undefined
        ? 'none'
        : member(ACTIVATIONS, options.int8(slots.activation), `${path}: activation`),
    strides: pair(slots?.strides),
    window: pair(slots?.window),
  };
}

/** The name of an enum member, or an error that says which number is not known. */
function member<T extends Record<number, string>>(names: T, value: number, what: string): T[keyof T] {
  const name = names[value];
  if (name === undefined) {
    throw new UserError(
      `expected ${what} to be one of ${Object.values(names).join(', ')} but got number ${value}`,
    );
  }
  return name as T[keyof T];
}

/** A FlatBuffer table: fields by slot; an absent field reads as its default (0 or empty). */
class Table {
  constructor(
    private readonly buffer: ByteBuffer,
    private readonly position: number,
  ) {}

  /** Byte position of a field, or 0 where it is absent; slot n is entry n + 2 of the vtable, 2 bytes each. */
  private field(slot: number): number {
    const offset = this.buffer.__offset(this.position, 4 + 2 * slot);
    return offset === 0 ? 0 : this.position + offset;
  }

  int8(slot: number): number {
    const at = this.field(slot);
    return at === 0 ? 0 : this.buffer.readInt8(at);
  }

  int32(slot: number): number {
    const at = this.field(slot);
    return at === 0 ? 0 : this.buffer.readInt32(at);
  }

  table(slot: number): Table | undefined {
    const at = this.field(slot);
    return at === 0 ? undefined : new Table(this.buffer, this.buffer.__indirect(at));
  }

  tables(slot: number): Table[] {
    return this.vector(slot, 4, (at) => new Table(this.buffer, this.buffer.__indirect(at)));
  }

  int32s(slot: number): Int32Array {
    return Int32Array.from(this.vector(slot, 4, (at) => this.buffer.readInt32(at)));
  }

  int64s(slot: number): bigint[] {
    return this.vector(slot, 8, (at) => this.buffer.readInt64(at));
  }

  float32s(slot: number): Float32Array {
    return Float32Array.from(this.vector(slot, 4, (at) => this.buffer.readFloat32(at)));
  }

  bytes(slot: number): Uint8Array {
    const at = this.field(slot);
    if (at === 0) return new Uint8Array();
    const start = this.buffer.__vector(at);
    return this.buffer.bytes().subarray(start, start + this.buffer.__vector_len(at));
  }

  text(slot: number): string {
    return Buffer.from(this.bytes(slot)).toString('utf8');
  }

  private vector<T>(slot: number, stride: number, read: (at: number) => T): T[] {
    const at = this.field(slot);
    if (at === 0) return [];
    const start = this.buffer.__vector(at);
    return Array.from({ length: this.buffer.__vector_len(at) }, (_, i) => read(start + i * stride));
  }
}
