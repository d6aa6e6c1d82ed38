import { describe, expect, test } from 'vitest';
import { gradients } from '../../src/graph/backward.ts';
import { type Expr, type ExprOf, topologicalOrder } from '../../src/graph/expr.ts';
import {
  add,
  firstRows,
  input,
  matmul,
  mul,
  parameter,
  partOf,
  split,
  sum,
  tanh,
} from '../../src/graph/ops.ts';
import { checkGradients } from '../helpers/gradient-check.ts';
import { evaluate } from '../helpers/interpreter.ts';
import { numbers, rows } from '../helpers/op-cases.ts';

describe('gradients', () => {
  test('have the shapes of what they are by, also of symbolic inputs and stretched biases', () => {
    const x = input('x', ['B', 3]);
    const W = parameter('W', [3, 4]);
    const b = parameter('b', [4]);
    const scale = parameter('scale', []);
    const loss = sum(mul(add(matmul(x, W), b), scale));
    expect(gradients(loss, [x, W, b, scale]).map((g) => g.shape)).toEqual([['B', 3], [3, 4], [4], []]);
  });

  test('of the loss by itself is 1, of a plain sum ones', () => {
    const x = input('x', [2, 2]);
    const loss = sum(x);
    const [byLoss, byX] = gradients(loss, [loss, x]);
    const values = evaluate({ byLoss, byX }, { x: numbers([2, 2]) });
    expect(values.byLoss).toEqual({ dims: [], data: Float64Array.of(1) });
    expect(values.byX).toEqual({ dims: [2, 2], data: Float64Array.of(1, 1, 1, 1) });
  });

  test('go through a node that is used by many', () => {
    const x = input('x', [3]);
    const shared = tanh(x);
    const loss = sum(mul(add(shared, mul(shared, shared)), add(x, shared)));
    checkGradients(loss, { x: numbers([3]) });
  });

  test('are zero in the parts of a split that nobody uses', () => {
    const x = input('x', [2, 3]);
    const [, last] = split(x, 1, [2, 1]);
    const [g] = gradients(sum(last), [x]);
    expect([...evaluate({ g }, { x: numbers([2, 3]) }).g.data]).toEqual([0, 0, 1, 0, 0, 1]);
  });

  test('add up where one part of a split was taken twice', () => {
    const x = input('x', [2, 3]);
    const [first] = split(x, 1, [2, 1]);
    const again = partOf(first.inputs[0] as ExprOf<'split'>, 0);
    checkGradients(sum(mul(first, tanh(again))), { x: numbers([2, 3]) });
  });

  test('of a net with ten thousand steps need no deep recursion', () => {
    const x = input('x', [1]);
    let y = x;
    for (let t = 0; t < 10_000; t++) y = tanh(y);
    expect(gradients(sum(y), [x])[0].shape).toEqual([1]);
  });

  test('ask for a scalar loss that depends on what is asked for', () => {
    const x = input('x', ['B', 3]);
    const W = parameter('W', [3, 4]);
    expect(() => gradients(x, [x])).toThrow('internal: gradients: expected a scalar loss but got [B,3]');
    expect(() => gradients(sum(x), [W])).toThrow('internal: gradients: the loss does not depend on W');
    expect(() => gradients(sum(x), [matmul(x, W)])).toThrow(
      'internal: gradients: the loss does not depend on matmul [B,4]',
    );
  });
});

describe('a weight used at many steps', () => {
  const T = 5;
  const x = Array.from({ length: T }, (_, t) => input(`x${t}`, [`B${t}`, 2]));
  const W = parameter('W', [2, 3]);
  const U = parameter('U', [3, 3]);
  let h: Expr = tanh(matmul(x[0], W));
  for (const step of x.slice(1)) h = tanh(add(matmul(firstRows(h, step), U), matmul(step, W)));
  const loss = sum(mul(h, h));
  const batch = [4, 3, 3, 2, 1];
  const inputs = {
    ...Object.fromEntries(batch.map((B, t) => [`x${t}`, numbers([B, 2])])),
    W: numbers([2, 3]),
    U: numbers([3, 3]),
  };

  test('gets its gradient from one product over all steps', () => {
    const outer = topologicalOrder(gradients(loss, [W, U])).filter(
      (node): node is ExprOf<'matmul'> => node.op === 'matmul' && node.attributes.transposeA,
    );
    expect(outer.map((node) => node.shape)).toEqual([
      [3, 3],
      [2, 3],
    ]);
    expect(outer.map((node) => node.inputs.map(({ op, inputs }) => `${op} of ${inputs.length}`))).toEqual([
      [`concat of ${T - 1}`, `concat of ${T - 1}`],
      [`concat of ${T}`, `concat of ${T}`],
    ]);
  });

  test('and the right one', () => {
    checkGradients(loss, inputs);
  });

  test('also where it is read transposed, used otherwise as well, or stands on the left', () => {
    const A = parameter('A', [3, 3]);
    const v = input('v', [3, 2]);
    const loss = sum(tanh(matmul(A, matmul(A, matmul(A, v), { transposeA: true }))));
    const decay = sum(mul(A, A));
    const right = sum(tanh(matmul(v, matmul(A, A), { transposeA: true })));
    checkGradients(add(add(loss, decay), right), { A: numbers([3, 3]), v: numbers([3, 2]) });
  });

  test('rows are cut where fewer captions go on', () => {
    const x = input('x', [4, 2]);
    const like = input('like', ['R'], 'int32');
    const [g] = gradients(sum(firstRows(x, like)), [x]);
    const values = evaluate({ g }, { x: numbers([4, 2]), like: rows(3) });
    expect([...values.g.data]).toEqual([1, 1, 1, 1, 1, 1, 0, 0]);
  });
});
