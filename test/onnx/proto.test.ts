import { fromBinary } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType as Attribute,
  TensorProto_DataType as DataType,
  ModelProtoSchema,
} from 'onnx-buf';
import { describe, expect, test } from 'vitest';
import { onnxModel, onnxNode, onnxTensor, onnxValue, outputDeclaration } from '../../src/onnx/proto.ts';
import { Session } from '../../src/onnx/session.ts';

/** y = (x + 1) * 2, declaring only y. */
const model = onnxModel({
  name: 'small',
  description: 'adds and doubles',
  inputs: [onnxValue('x', 'float32', ['B', 2])],
  outputs: [onnxValue('y', 'float32', ['B', 2])],
  initializers: [onnxTensor('one', [], Float32Array.of(1)), onnxTensor('two', [], Float32Array.of(2))],
  nodes: [onnxNode('Add', ['x', 'one'], ['inner']), onnxNode('Mul', ['inner', 'two'], ['y'])],
});
const x = { dims: [1, 2], data: Float32Array.of(3, 4) };

describe('outputDeclaration', () => {
  test('appended to a file makes an inner tensor readable', async () => {
    const extended = await Session.load(Buffer.concat([model, outputDeclaration('inner')]));
    expect(extended.outputs.map(({ name }) => name)).toEqual(['y', 'inner']);
    const { inner, y } = await extended.run({ x });
    await extended.release();
    expect([...inner.data]).toEqual([4, 5]);
    expect([...y.data]).toEqual([8, 10]);
  });

  test('without it the tensor cannot be asked for', async () => {
    const session = await Session.load(model);
    await expect(session.run({ x }, { inner: null })).rejects.toThrow('the graph has no output inner');
    await session.release();
  });

  test('is a few bytes', () => {
    expect(outputDeclaration('vgg0_dense1_relu_fwd').length).toBeLessThan(40);
  });
});

describe('onnxModel', () => {
  const { graph, ...head } = fromBinary(ModelProtoSchema, model);

  test('declares versions, names and symbolic dimensions', () => {
    expect(head).toMatchObject({ irVersion: 9n, producerName: 'caption', docString: 'adds and doubles' });
    expect(head.opsetImport).toMatchObject([{ domain: '', version: 18n }]);
    expect(graph).toMatchObject({ name: 'small', output: [{ name: 'y' }] });
    expect(graph!.input).toMatchObject([
      {
        name: 'x',
        type: {
          value: {
            case: 'tensorType',
            value: {
              elemType: DataType.FLOAT,
              shape: { dim: [{ value: { case: 'dimParam', value: 'B' } }, { value: { value: 2n } }] },
            },
          },
        },
      },
    ]);
  });

  test('onnxNode encodes each kind of attribute', () => {
    const node = onnxNode('Conv', ['x', 'w'], ['y'], {
      group: 1,
      alpha: { float: 0.5 },
      pads: [0, 1, -1],
      auto_pad: 'VALID',
    });
    expect(node).toMatchObject({ opType: 'Conv', name: 'y', input: ['x', 'w'], output: ['y'] });
    expect(node.attribute).toMatchObject([
      { name: 'group', type: Attribute.INT, i: 1n },
      { name: 'alpha', type: Attribute.FLOAT, f: 0.5 },
      { name: 'pads', type: Attribute.INTS, ints: [0n, 1n, -1n] },
      { name: 'auto_pad', type: Attribute.STRING, s: new TextEncoder().encode('VALID') },
    ]);
  });

  test.each([
    [Float32Array.of(1.5), DataType.FLOAT, [0, 0, 0xc0, 0x3f]],
    [BigInt64Array.of(-2n), DataType.INT64, [0xfe, 255, 255, 255, 255, 255, 255, 255]],
    [Int32Array.of(258), DataType.INT32, [2, 1, 0, 0]],
    [Int8Array.of(-1), DataType.INT8, [255]],
    [Uint8Array.of(7), DataType.UINT8, [7]],
    [Uint16Array.of(0x3c00), DataType.FLOAT16, [0, 0x3c]],
  ])('onnxTensor stores %o with its element type', (data, dataType, bytes) => {
    expect(onnxTensor('c', [1], data)).toMatchObject({ name: 'c', dims: [1n], dataType });
    expect([...onnxTensor('c', [1], data).rawData]).toEqual(bytes);
  });

  test('onnxTensor stores the part of a buffer that a view shows', () => {
    expect([...onnxTensor('c', [1], Uint8Array.of(1, 2, 3).subarray(1, 2)).rawData]).toEqual([2]);
  });
});
