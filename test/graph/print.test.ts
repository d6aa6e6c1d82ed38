import { expect, test } from 'vitest';
import { gradients } from '../../src/graph/backward.ts';
import { add, input, matmul, mul, parameter, split, sum, tanh } from '../../src/graph/ops.ts';
import { printGraph } from '../../src/graph/print.ts';

test("prints the lecture's step h = tanh(Wxh x + Whh h + Wih v) and y = Why h", () => {
  const x = input('x', ['B', 4]);
  const h = input('h', ['B', 5]);
  const v = input('v', ['B', 6]);
  const image = matmul(v, parameter('Wih', [6, 5]));
  const next = tanh(
    add(add(matmul(x, parameter('Wxh', [4, 5])), matmul(h, parameter('Whh', [5, 5]))), image),
  );
  const y = matmul(next, parameter('Why', [5, 9]));
  expect(printGraph({ h: next, y })).toMatchInlineSnapshot(`
    "input x float32[B,4]
    input h float32[B,5]
    input v float32[B,6]
    parameter Wih float32[6,5]
    %4 = matmul(v, Wih, transposeA=false, transposeB=false) [B,5]
    parameter Wxh float32[4,5]
    %6 = matmul(x, Wxh, transposeA=false, transposeB=false) [B,5]
    parameter Whh float32[5,5]
    %8 = matmul(h, Whh, transposeA=false, transposeB=false) [B,5]
    %9 = add(%6, %8) [B,5]
    %10 = add(%9, %4) [B,5]
    %11 = tanh(%10) [B,5]
    parameter Why float32[5,9]
    %13 = matmul(%11, Why, transposeA=false, transposeB=false) [B,9]
    return h = %11
    return y = %13"
  `);
});

test('prints constants in place, attributes, parts and gradients', () => {
  const x = input('x', [2, 3]);
  const [a] = split(x, 1, [1, 2]);
  const loss = sum(mul(a, 0.5));
  expect(printGraph({ loss, gradient: gradients(loss, [x])[0] })).toMatchInlineSnapshot(`
    "input x float32[2,3]
    %1 = split(x, axis=1, dims=[1,2]) [2,3]
    %2 = part(%1, index=0) [2,1]
    %4 = mul(%2, 0.5) [2,1]
    %5 = sum(%4, axes=[0,1], keepDims=false) []
    %7 = unsqueeze(1, axes=[0,1]) [1,1]
    %8 = expandLike(%7, %4) [2,1]
    %9 = mul(%8, 0.5) [2,1]
    %11 = part(%1, index=1) [2,2]
    %12 = expandLike(0, %11) [2,2]
    %13 = concat(%9, %12, axis=1) [2,3]
    return loss = %5
    return gradient = %13"
  `);
});
