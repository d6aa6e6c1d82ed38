import { Builder } from 'flatbuffers';

/** Members of TensorFlow Lite's enum TensorType. */
export const INT32 = 2;
export const UINT8 = 3;
export const INT8 = 9;

interface TestTensor {
  shape: number[];
  type: number;
  values?: Int8Array | Int32Array;
  scales?: number[];
  axis?: number;
}

/** A field of an option table: a number is an int32, `byte(n)` an int8, null is left out. */
type Option = number | { byte: number } | null;
export const byte = (value: number): Option => ({ byte: value });

/** Writes a .tflite file with the builder of the FlatBuffers project: tables are made leaves first. */
export function tfliteFile(
  tensors: TestTensor[],
  operators: { code: number; inputs: number[]; output: number; options?: Option[] }[],
): Uint8Array {
  const builder = new Builder();
  const table = (fields: [slot: number, offset: number][], scalars: [slot: number, value: Option][] = []) => {
    builder.startObject(8);
    for (const [slot, offset] of fields) builder.addFieldOffset(slot, offset, 0);
    for (const [slot, value] of scalars) {
      if (typeof value === 'number') builder.addFieldInt32(slot, value, 0);
      else if (value !== null) builder.addFieldInt8(slot, value.byte, 0);
    }
    return builder.endObject();
  };
  const vector = (values: readonly number[], size: number, write: (value: number) => void) => {
    builder.startVector(size, values.length, size);
    for (const value of [...values].reverse()) write(value);
    return builder.endVector();
  };
  const ints = (values: readonly number[]) => vector(values, 4, (value) => builder.addInt32(value));
  const offsets = (values: readonly number[]) => vector(values, 4, (value) => builder.addOffset(value));

  const buffers = offsets(
    tensors.map(({ values }) =>
      values === undefined
        ? table([])
        : table([[0, vector([...new Uint8Array(values.buffer)], 1, (value) => builder.addInt8(value))]]),
    ),
  );
  const tensorTables = offsets(
    tensors.map(({ shape, type, scales = [0.5], axis = 0 }, index) => {
      const quantization = table(
        [
          [2, vector(scales, 4, (value) => builder.addFloat32(value))],
          [
            3,
            vector(
              scales.map(() => 0),
              8,
              (value) => builder.addInt64(BigInt(value)),
            ),
          ],
        ],
        [[6, axis]],
      );
      const name = builder.createString(`tensor ${index}`);
      return table(
        [
          [0, ints(shape)],
          [3, name],
          [4, quantization],
        ],
        [
          [1, byte(type)],
          [2, index],
        ],
      );
    }),
  );
  const operatorTables = offsets(
    operators.map(({ inputs, output, options }, index) => {
      const fields: [number, number][] = [
        [1, ints(inputs)],
        [2, ints([output])],
      ];
      if (options !== undefined)
        fields.push([
          4,
          table(
            [],
            options.map((value, slot) => [slot, value]),
          ),
        ]);
      return table(fields, [[0, index]]);
    }),
  );
  const graph = table([
    [0, tensorTables],
    [1, ints([0])],
    [2, ints([tensors.length - 1])],
    [3, operatorTables],
  ]);
  const codes = offsets(
    operators.map(({ code }) =>
      table(
        [],
        [
          [0, byte(code)],
          [3, code],
        ],
      ),
    ),
  );
  builder.finish(
    table(
      [
        [1, codes],
        [2, offsets([graph])],
        [4, buffers],
      ],
      [[0, 3]],
    ),
    'TFL3',
  );
  return builder.asUint8Array();
}
