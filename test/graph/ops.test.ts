import { describe, expect, test } from 'vitest';
import {
  add,
  concat,
  constant,
  crossEntropy,
  div,
  expandLike,
  gather,
  input,
  matmul,
  mul,
  parameter,
  softmax,
  split,
  splitAt,
  sub,
  sum,
  unsqueeze,
} from '../../src/graph/ops.ts';

const x = input('x', ['B', 3]);
const W = parameter('W', [3, 4]);
const ids = input('ids', ['N'], 'int32');

describe('shapes are inferred', () => {
  test.each([
    ['add with a number', add(x, 1), ['B', 3]],
    ['a vector stretched over rows', add(x, parameter('b', [3])), ['B', 3]],
    ['a column times a row', mul(input('c', ['B', 1]), input('r', [1, 5])), ['B', 5]],
    ['a higher rank', mul(input('y', ['T', 'B', 3]), x), ['T', 'B', 3]],
    ['matmul', matmul(x, W), ['B', 4]],
    ['matmul, a transposed', matmul(x, x, { transposeA: true }), [3, 3]],
    ['matmul, b transposed', matmul(x, x, { transposeB: true }), ['B', 'B']],
    ['matmul, both transposed', matmul(W, x, { transposeA: true, transposeB: true }), [4, 'B']],
    ['sum of all', sum(x), []],
    ['sum over the last axis', sum(x, [-1]), ['B']],
    ['sum over the first axis, kept', sum(x, [0], true), [1, 3]],
    ['expandLike', expandLike(constant(0), x), ['B', 3]],
    ['unsqueeze', unsqueeze(x, [0, 3]), [1, 'B', 3, 1]],
    ['gather', gather(W, ids), ['N', 4]],
    ['concat of columns', concat([x, input('y', ['B', 2])], 1), ['B', 5]],
    ['concat of rows', concat([x, input('y', ['C', 3])], 0), ['B+C', 3]],
    ['concat of rows, named', concat([x, input('y', ['C', 3])], 0, 'N'), ['N', 3]],
    ['split', split(x, 1, [1, 2])[1], ['B', 2]],
    ['splitAt', splitAt(x, 0, input('sizes', [2], 'int64'), ['P', 'Q'])[1], ['Q', 3]],
    ['softmax', softmax(x), ['B', 3]],
    ['crossEntropy', crossEntropy(input('logits', ['N', 9]), ids), ['N']],
  ])('%s', (_, y, shape) => {
    expect(y.shape).toEqual(shape);
  });
});

describe('wrong shapes throw where the node is made', () => {
  test.each([
    ['add', () => add(x, parameter('b', [4])), 'add: shapes [B,3] and [4] do not broadcast'],
    ['sub', () => sub(x, input('y', ['C', 3])), 'sub: shapes [B,3] and [C,3] do not broadcast'],
    ['mul', () => mul(parameter('b', [2]), x), 'mul: shapes [2] and [B,3] do not broadcast'],
    ['div', () => div(x, parameter('b', [2, 3])), 'div: shapes [B,3] and [2,3] do not broadcast'],
    [
      'matmul, no matrix',
      () => matmul(x, parameter('b', [3])),
      'matmul: expected two matrices but got [B,3] and [3]',
    ],
    ['matmul', () => matmul(W, x), 'matmul: inner dimensions differ: [3,4] times [B,3]'],
    [
      'matmul transposed',
      () => matmul(W, x, { transposeA: true }),
      'matmul: inner dimensions differ: [3,4] transposed times [B,3]',
    ],
    ['sum', () => sum(x, [2]), 'sum: [B,3] has no axis 2'],
    ['sum from the end', () => sum(x, [-3]), 'sum: [B,3] has no axis -3'],
    ['expandLike', () => expandLike(x, parameter('b', [3])), 'expandLike: [B,3] does not stretch to [3]'],
    ['gather', () => gather(W, input('i', [2, 2], 'int32')), 'gather: expected 1 dimension(s) but got [2,2]'],
    ['concat of nothing', () => concat([], 0), 'concat: expected at least one part'],
    ['concat', () => concat([x, W], 0), 'concat: [3,4] does not fit [B,3] along axis 0'],
    ['concat of ranks', () => concat([x, ids], 0), 'concat: [N] does not fit [B,3] along axis 0'],
    ['split', () => split(x, 1, [1, 1]), 'split: sizes 1+1 do not add up to 3 of [B,3]'],
    [
      'crossEntropy of a vector',
      () => crossEntropy(ids, ids),
      'crossEntropy: expected 2 dimension(s) but got [N]',
    ],
    ['crossEntropy', () => crossEntropy(x, ids), 'crossEntropy: logits [B,3] but targets [N]'],
  ])('%s', (_, make, message) => {
    expect(make).toThrow(`internal: ${message}`);
  });
});
