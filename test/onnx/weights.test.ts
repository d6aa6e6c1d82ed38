import { create, toBinary } from '@bufbuild/protobuf';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  type TensorProto,
  TensorProto_DataType,
  TensorProtoSchema,
} from 'onnx-buf';
import { expect, test } from 'vitest';
import { startGraph, stepGraph } from '../../src/decoder/graphs.ts';
import { UserError } from '../../src/errors.ts';
import { emitOnnx } from '../../src/onnx/emit.ts';
import { readWeights } from '../../src/onnx/weights.ts';
import { TINY_DECODERS, tinyWeights } from '../decoder/tiny.ts';

/** An ONNX file that holds these tensors. */
const fileOf = (...tensors: TensorProto[]) =>
  toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, { graph: create(GraphProtoSchema, { initializer: tensors }) }),
  );
const tensor = (
  dims: bigint[],
  rawData: Uint8Array<ArrayBuffer>,
  dataType: number = TensorProto_DataType.FLOAT,
) => create(TensorProtoSchema, { name: 'w', dims, dataType, rawData });

test('gives back the weights that a graph was written with', () => {
  for (const config of TINY_DECODERS) {
    const weights = tinyWeights(config);
    const found = new Map<string, Float32Array>();
    for (const graph of [startGraph(config), stepGraph(config)]) {
      const bytes = emitOnnx(graph, { name: 'graph', weights });
      for (const [name, values] of readWeights(bytes, 'graph.onnx')) {
        if (weights.has(name)) found.set(name, values);
      }
    }
    expect(found.size).toBe(weights.size);
    for (const [name, values] of weights) expect(found.get(name)).toEqual(values);
  }
});

test('wherever they lie in memory, and as a copy', () => {
  const bytes = fileOf(tensor([3n], new Uint8Array(Float32Array.of(1.5, -2, 1e-30).buffer)));
  for (let shift = 0; shift < 4; shift++) {
    const array = new Uint8Array(bytes.length + shift);
    // Files are read as Buffers, whose methods are not always those of a Uint8Array.
    for (const moved of [array, Buffer.from(array.buffer)]) {
      moved.set(bytes, shift);
      const read = readWeights(moved.subarray(shift), 'a.onnx');
      moved.fill(0);
      expect([...read.get('w')!]).toEqual([1.5, -2, Math.fround(1e-30)]);
    }
  }
});

test('leaves out what is no float32 number, and finds none where there are none', () => {
  const sizes = tensor([1n], new Uint8Array(8), TensorProto_DataType.INT64);
  expect(readWeights(fileOf(sizes), 'a.onnx').size).toBe(0);
  expect(readWeights(fileOf(), 'a.onnx').size).toBe(0);
});

test('refuses a weight whose numbers lie elsewhere or are too few', () => {
  for (const bytes of [
    fileOf(tensor([2n, 3n], new Uint8Array(0))),
    fileOf(tensor([6n], new Uint8Array(20))),
  ]) {
    const reading = () => readWeights(bytes, 'a.onnx');
    expect(reading).toThrow('expected weight w of a.onnx to be 6 float32 numbers but it is not');
    expect(reading).toThrow(UserError);
  }
});

test('refuses a file that is no ONNX', () => {
  const reading = () => readWeights(Buffer.from('not a graph at all'), 'a.onnx');
  expect(reading).toThrow("expected a.onnx to be an ONNX file but it can't be read as one");
  expect(reading).toThrow(UserError);
});
