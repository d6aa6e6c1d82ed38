import { describe, expect, test } from 'vitest';
import {
  add,
  concat,
  constant,
  crossEntropy,
  crossEntropyGradient,
  div,
  expandLike,
  firstRows,
  gather,
  input,
  matmul,
  mul,
  padRows,
  parameter,
  scatterAdd,
  sizes,
  softmax,
  split,
  splitAt,
  sub,
  sum,
  toFloat,
  unsqueeze,
  zeroRows,
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
    ['unsqueeze from the end', unsqueeze(x, [-1, 0]), [1, 'B', 3, 1]],
    ['gather', gather(W, ids), ['N', 4]],
    ['scatterAdd', scatterAdd(input('rows', ['N', 4]), ids, W), [3, 4]],
    ['firstRows', firstRows(x, ids), ['N', 3]],
    ['padRows', padRows(parameter('b', [2]), W), [3]],
    ['zeroRows', zeroRows(ids, 7), ['N', 7]],
    ['concat of columns', concat([x, input('y', ['B', 2])], 1), ['B', 5]],
    ['concat of rows', concat([x, input('y', ['C', 3])], 0), ['B+C', 3]],
    ['concat of rows, named', concat([x, input('y', ['C', 3])], 0, 'N'), ['N', 3]],
    ['split', split(x, 1, [1, 2])[1], ['B', 2]],
    ['splitAt', splitAt(x, 0, input('sizes', [2], 'int64'), ['P', 'Q'])[1], ['Q', 3]],
    ['softmax', softmax(x), ['B', 3]],
    ['crossEntropy', crossEntropy(input('logits', ['N', 9]), ids), ['N']],
    ['its gradient', crossEntropyGradient(input('p', ['N', 9]), ids, input('g', ['N'])), ['N', 9]],
  ])('%s', (_, y, shape) => {
    expect(y.shape).toEqual(shape);
  });
});

test.each([
  ['unsqueeze', unsqueeze(ids, [1])],
  ['firstRows', firstRows(ids, x)],
  ['padRows', padRows(ids, x)],
  ['gather', gather(ids, ids)],
])('%s keeps the type of its elements', (_, y) => {
  expect(y.dtype).toBe('int32');
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
    [
      'crossEntropy by numbers',
      () => crossEntropy(x, input('t', ['B'])),
      'crossEntropy: expected ids int32 but got float32',
    ],
    [
      'crossEntropyGradient',
      () => crossEntropyGradient(x, ids, input('g', ['N'])),
      'crossEntropyGradient: probabilities [B,3] but targets [N]',
    ],
    [
      'crossEntropyGradient, another g',
      () => crossEntropyGradient(input('p', ['N', 9]), ids, x),
      'crossEntropyGradient: g [B,3] but targets [N]',
    ],
    [
      'unsqueeze behind the end',
      () => unsqueeze(x, [3]),
      "unsqueeze: [B,3] can't get new axes at 3 of 3 dimension(s)",
    ],
    [
      'unsqueeze before the start',
      () => unsqueeze(x, [-4]),
      "unsqueeze: [B,3] can't get new axes at -4 of 3 dimension(s)",
    ],
    [
      'unsqueeze twice at one place',
      () => unsqueeze(x, [0, -4]),
      "unsqueeze: [B,3] can't get new axes at 0,-4 of 4 dimension(s)",
    ],
    ['gather by numbers', () => gather(W, input('i', ['N'])), 'gather: expected ids int32 but got float32'],
    ['gather from a scalar', () => gather(constant(1), ids), 'gather: expected rows but got a scalar'],
    [
      'scatterAdd, other ids',
      () => scatterAdd(input('rows', ['M', 4]), ids, W),
      "scatterAdd: rows [M,4] at ids [N] don't fit table [3,4]",
    ],
    [
      'scatterAdd, another width',
      () => scatterAdd(input('rows', ['N', 5]), ids, W),
      "scatterAdd: rows [N,5] at ids [N] don't fit table [3,4]",
    ],
    [
      'scatterAdd, ids of rank 2',
      () => scatterAdd(W, input('i', [3, 1], 'int32'), W),
      'scatterAdd: expected 1 dimension(s) but got [3,1]',
    ],
    [
      'splitAt, another number of sizes',
      () => splitAt(x, 0, input('sizes', [3], 'int64'), ['P', 'Q']),
      'splitAt: expected sizes int64 [2] but got int64 [3]',
    ],
    [
      'splitAt, other sizes',
      () => splitAt(x, 0, input('sizes', [2], 'int32'), ['P', 'Q']),
      'splitAt: expected sizes int64 [2] but got int32 [2]',
    ],
    ['sizes', () => sizes([x, ids], 1), 'sizes: [N] has no axis 1'],
    ['firstRows', () => firstRows(W, parameter('b', [4])), "firstRows: [3,4] can't get 4 row(s)"],
    ['firstRows of a scalar', () => firstRows(constant(1), x), 'firstRows: expected rows but got a scalar'],
    ['padRows', () => padRows(W, parameter('b', [2])), "padRows: [3,4] can't get 2 row(s)"],
    ['padRows to a scalar', () => padRows(W, constant(1)), 'padRows: expected rows but got a scalar'],
    ['zeroRows', () => zeroRows(constant(1), 2), 'zeroRows: expected rows but got a scalar'],
    ['toFloat', () => toFloat(x), 'toFloat: expected uint8 but got float32'],
  ])('%s', (_, make, message) => {
    expect(make).toThrow(`internal: ${message}`);
  });
});
