import { expect, test } from 'vitest';
import { onnxModel, onnxNode, onnxTensor, onnxValue, outputDeclaration } from '../../src/onnx/proto.ts';
import { graphInputs, tensorNames } from '../../src/onnx/tensor-names.ts';

const MODEL = onnxModel({
  name: 'small',
  inputs: [onnxValue('x', 'float32', ['B', 2])],
  outputs: [onnxValue('y', 'float32', ['B', 2])],
  initializers: [onnxTensor('two', [], Float32Array.of(2))],
  nodes: [
    onnxNode('Mul', ['x', 'two'], ['größer']),
    onnxNode('Split', ['größer'], ['left', 'right'], { axis: 1 }),
    onnxNode('Concat', ['right', 'left'], ['y'], { axis: 1 }),
  ],
});

test('every computed tensor in order, the declared outputs and the constants', () => {
  expect(tensorNames(MODEL)).toEqual({
    outputs: ['y'],
    computed: ['größer', 'left', 'right', 'y'],
    constants: ['two'],
  });
});

test('inputs with type and shape, without the weights that old files declare as inputs', () => {
  const old = onnxModel({
    name: 'old',
    inputs: [
      onnxValue('x', 'uint8', ['B', 2]),
      onnxValue('two', 'float32', []),
      onnxValue('y', 'float32', [3]),
    ],
    outputs: [onnxValue('z', 'float32', [3])],
    initializers: [onnxTensor('two', [], Float32Array.of(2))],
    nodes: [onnxNode('Mul', ['y', 'two'], ['z'])],
  });
  expect(graphInputs(old)).toEqual([
    { name: 'x', type: 'uint8', dims: ['B', 2] },
    { name: 'y', type: 'float32', dims: [3] },
  ]);
});

test('outputs that were appended count', () => {
  const extended = Buffer.concat([MODEL, outputDeclaration('left')]);
  expect(tensorNames(extended)?.outputs).toEqual(['y', 'left']);
});

test('null for bytes that are no ONNX file or not the whole of one', () => {
  expect(tensorNames(new Uint8Array(0))).toBeNull();
  expect(tensorNames(Buffer.from('{"model": "not this"}'))).toBeNull();
  for (const cut of [1, 5, 50]) expect(tensorNames(MODEL.subarray(0, MODEL.length - cut))).toBeNull();
});
