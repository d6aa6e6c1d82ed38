import { expect } from 'vitest';
import type { Expr } from '../../src/graph/expr.ts';
import { type EmitOptions, emitOnnx } from '../../src/onnx/emit.ts';
import { type FloatTensor, Session, type Tensor } from '../../src/onnx/session.ts';
import type { NdArray } from './interpreter.ts';

/** Emits a graph and runs it once in onnxruntime. */
export async function runOnnx(
  outputs: Readonly<Record<string, Expr>>,
  inputs: Readonly<Record<string, Tensor>>,
  weights?: EmitOptions['weights'],
): Promise<Record<string, FloatTensor>> {
  const session = await Session.load(emitOnnx(outputs, { name: 'test', weights }), { threads: 1 });
  try {
    return await session.run({ ...inputs });
  } finally {
    await session.release();
  }
}

/** Float32 results against float64 ones: the same shape, and each element within float32 rounding. */
export function expectClose(
  actual: Readonly<Record<string, FloatTensor>>,
  expected: Readonly<Record<string, NdArray>>,
  tolerance = 1e-5,
): void {
  expect(Object.keys(actual).sort()).toEqual(Object.keys(expected).sort());
  for (const [name, { dims, data }] of Object.entries(expected)) {
    expect(actual[name].dims, `dims of ${name}`).toEqual(dims);
    for (let i = 0; i < data.length; i++) {
      const difference = Math.abs(actual[name].data[i] - data[i]);
      if (!(difference <= tolerance * Math.max(1, Math.abs(data[i])))) {
        expect.fail(`${name}[${i}] is ${actual[name].data[i]}, expected ${data[i]}`);
      }
    }
  }
}
