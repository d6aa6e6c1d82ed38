import { expect, test } from 'vitest';
import { onnxModel, onnxNode, onnxTensor, onnxValue, outputDeclaration } from '../../src/onnx/proto.ts';
import { tensorNames } from '../../src/onnx/tensor-names.ts';

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

test('every computed tensor in order, and the declared outputs', () => {
  expect(tensorNames(MODEL)).toEqual({ outputs: ['y'], computed: ['größer', 'left', 'right', 'y'] });
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
