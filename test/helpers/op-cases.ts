import type { DType, Expr, OpName } from '../../src/graph/expr.ts';
import {
  add,
  concat,
  constant,
  crossEntropy,
  crossEntropyGradient,
  div,
  exp,
  expandLike,
  firstRows,
  gather,
  input,
  log,
  logSoftmax,
  matmul,
  mul,
  neg,
  padRows,
  positive,
  relu,
  scatterAdd,
  sigmoid,
  sizes,
  softmax,
  split,
  splitAt,
  sqrt,
  sub,
  sum,
  tanh,
  toFloat,
  unsqueeze,
  zeroRows,
} from '../../src/graph/ops.ts';
import type { Shape } from '../../src/graph/shape.ts';
import type { Tensor } from '../../src/onnx/session.ts';
import { Random } from '../../src/random.ts';

/** A small graph that uses an operation, with values for its inputs. */
export interface OpCase {
  readonly what: string;
  readonly y: Expr;
  readonly inputs: Readonly<Record<string, Tensor>>;
}

/** A named input: its values, and the shape that the graph knows (symbolic dimensions allowed). */
interface Given extends Tensor {
  readonly shape: Shape;
  readonly dtype: DType;
}

const random = new Random(7);

/** Numbers in (-2,-0.2) and (0.2,2): away from the kink of relu and the pole of 1/x. */
export function numbers(dims: readonly number[], shape: Shape = dims): Given {
  const draw = () => (0.2 + 1.8 * random.next()) * (random.next() < 0.5 ? -1 : 1);
  const data = Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, draw);
  return { dims, shape, data, dtype: 'float32' };
}

function positives(dims: readonly number[]): Given {
  const given = numbers(dims);
  return { ...given, data: Float32Array.from(given.data as Float32Array, Math.abs) };
}

/** Word ids; `dim` is their symbolic number. */
export function ids(values: readonly number[], dim: string | number = values.length): Given {
  return { dims: [values.length], shape: [dim], data: Int32Array.from(values), dtype: 'int32' };
}

function lengths(values: readonly number[]): Given {
  const dims = [values.length];
  return { dims, shape: dims, data: BigInt64Array.from(values, BigInt), dtype: 'int64' };
}

function mask(values: readonly number[]): Given {
  const dims = [values.length];
  return { dims, shape: dims, data: Uint8Array.from(values), dtype: 'uint8' };
}

/** Something with a number of rows that is not differentiated. */
export const rows = (count: number) => ids(new Array<number>(count).fill(0), 'R');

/** Makes the inputs, and the graph from them in the order in which they are given. */
export function opCase(
  what: string,
  given: Readonly<Record<string, Given>>,
  build: (...inputs: Expr[]) => Expr,
): OpCase {
  const leaves = Object.entries(given).map(([name, { shape, dtype }]) => input(name, shape, dtype));
  return { what, y: build(...leaves), inputs: given };
}

/** Both ways in which either side of a binary operation can be stretched. */
function broadcasts(op: (a: Expr, b: Expr) => Expr): OpCase[] {
  const shapes: [a: readonly number[], b: readonly number[]][] = [
    [
      [3, 4],
      [3, 4],
    ],
    [[3, 4], [4]],
    [[4], [3, 4]],
    [
      [3, 1],
      [3, 4],
    ],
    [
      [3, 4],
      [1, 4],
    ],
    [
      [3, 1],
      [1, 4],
    ],
    [[], [2, 3]],
    [[2, 3], []],
    [
      [2, 3, 4],
      [3, 1],
    ],
    [
      [1, 4],
      [2, 3, 4],
    ],
  ];
  return shapes.map(([a, b]) => opCase(`[${a}] and [${b}]`, { a: numbers(a), b: numbers(b) }, op));
}

const elementwise = (op: (x: Expr) => Expr) => [opCase('[3,4]', { x: numbers([3, 4]) }, op)];

/** Cases for every operation. The type asks for a case when an operation is added. */
export const OP_CASES: { readonly [Op in OpName]: readonly OpCase[] } = {
  input: [opCase('itself', { x: numbers([2, 3]) }, (x) => x)],
  constant: [
    opCase('added', { x: numbers([2, 3]) }, (x) => add(x, 2.5)),
    opCase('alone', { x: numbers([2, 3]) }, (x) => mul(sum(x), constant(-0.5))),
  ],
  add: [
    ...broadcasts(add),
    opCase('x + x', { x: numbers([2, 3]) }, (x) => add(x, x)),
    opCase(
      'a product and a bias',
      { a: numbers([3, 4]), b: numbers([4, 2]), bias: numbers([2]) },
      (a, b, bias) => add(matmul(a, b), bias),
    ),
    opCase(
      'a product used twice and a bias',
      { a: numbers([3, 4]), b: numbers([4, 2]), bias: numbers([2]) },
      (a, b, bias) => {
        const product = matmul(a, b);
        return mul(add(product, bias), product);
      },
    ),
    opCase('a column and a row', { a: numbers([3, 4]), b: numbers([4, 1]), row: numbers([5]) }, (a, b, row) =>
      add(matmul(a, b), row),
    ),
  ],
  sub: broadcasts(sub),
  mul: [...broadcasts(mul), opCase('x x', { x: numbers([2, 3]) }, (x) => mul(x, x))],
  div: broadcasts(div),
  neg: elementwise(neg),
  tanh: elementwise(tanh),
  sigmoid: elementwise(sigmoid),
  relu: elementwise(relu),
  positive: [opCase('times x x', { x: numbers([3, 4]) }, (x) => mul(positive(x), mul(x, x)))],
  exp: elementwise(exp),
  log: [opCase('[3,4]', { x: positives([3, 4]) }, log)],
  sqrt: [opCase('[3,4]', { x: positives([3, 4]) }, sqrt)],
  matmul: [
    opCase('a b', { a: numbers([3, 4]), b: numbers([4, 2]) }, (a, b) => matmul(a, b)),
    opCase('aT b', { a: numbers([4, 3]), b: numbers([4, 2]) }, (a, b) => matmul(a, b, { transposeA: true })),
    opCase('a bT', { a: numbers([3, 4]), b: numbers([2, 4]) }, (a, b) => matmul(a, b, { transposeB: true })),
    opCase('aT bT', { a: numbers([4, 3]), b: numbers([2, 4]) }, (a, b) =>
      matmul(a, b, { transposeA: true, transposeB: true }),
    ),
    opCase('x x', { x: numbers([3, 3]) }, (x) => matmul(x, x)),
    opCase('one weight, three products', { x: numbers([2, 3]), w: numbers([3, 3]) }, (x, w) =>
      matmul(tanh(matmul(tanh(matmul(x, w)), w)), w),
    ),
    opCase('no rows', { a: numbers([0, 4], ['B', 4]), b: numbers([4, 2]), c: numbers([2, 2]) }, (a, b, c) => {
      const rows = tanh(matmul(a, b));
      return add(matmul(rows, rows, { transposeA: true }), c);
    }),
  ],
  sum: [
    opCase('all', { x: numbers([2, 3, 4]) }, (x) => sum(x)),
    opCase('of a number', { x: numbers([]) }, (x) => sum(mul(x, x))),
    opCase('no axes', { x: numbers([2, 3]) }, (x) => sum(x, [])),
    opCase('axis 0', { x: numbers([2, 3]) }, (x) => sum(x, [0])),
    opCase('axis -1', { x: numbers([2, 3]) }, (x) => sum(x, [-1])),
    opCase('axes 2 and 0', { x: numbers([2, 3, 4]) }, (x) => sum(x, [2, 0])),
    opCase('axis 1 kept', { x: numbers([2, 3, 4]) }, (x) => sum(x, [1], true)),
    opCase('axes 0 and 2 kept', { x: numbers([2, 3, 4]) }, (x) => sum(x, [0, 2], true)),
    opCase('no rows', { x: numbers([0, 3], ['N', 3]) }, (x) => sum(x, [0])),
  ],
  expandLike: [
    opCase('[] like [2,3]', { x: numbers([]), like: numbers([2, 3]) }, (x, like) =>
      mul(expandLike(x, like), like),
    ),
    opCase('[3] like [2,3]', { x: numbers([3]), like: numbers([2, 3]) }, (x, like) =>
      mul(expandLike(x, like), like),
    ),
    opCase('[2,1] like [2,3]', { x: numbers([2, 1]), like: numbers([2, 3]) }, (x, like) =>
      mul(expandLike(x, like), like),
    ),
  ],
  unsqueeze: [
    opCase('axis 0', { x: numbers([2, 3]) }, (x) => unsqueeze(x, [0])),
    opCase('axes 2 and 0', { x: numbers([2, 3]) }, (x) => unsqueeze(x, [2, 0])),
    opCase('axes -1 and -3', { x: numbers([2, 3]) }, (x) => unsqueeze(x, [-1, -3])),
  ],
  gather: [
    opCase('repeated ids', { table: numbers([4, 3]), ids: ids([2, 0, 2, 2, 3]) }, gather),
    opCase('no ids', { table: numbers([4, 3]), ids: ids([], 'N') }, (table, none) =>
      add(table, sum(gather(table, none), [0])),
    ),
  ],
  scatterAdd: [
    opCase(
      'repeated ids',
      { rows: numbers([5, 3]), ids: ids([2, 0, 2, 2, 3]), table: numbers([4, 3]) },
      (rows, at, table) => mul(scatterAdd(rows, at, table), table),
    ),
  ],
  concat: [
    opCase('axis 0', { a: numbers([2, 3]), b: numbers([1, 3]) }, (a, b) => concat([a, b], 0)),
    opCase('axis 1', { a: numbers([2, 3]), b: numbers([2, 2]) }, (a, b) => concat([a, b], 1)),
    opCase('axis -1, a part twice', { a: numbers([2, 3]), b: numbers([2, 2]) }, (a, b) =>
      concat([a, b, a], -1),
    ),
    opCase('one part', { a: numbers([2, 3]) }, (a) => concat([a], 0)),
    opCase(
      'symbolic lengths',
      {
        a: numbers([2, 3], ['A', 3]),
        b: numbers([0, 3], ['B', 3]),
        c: numbers([1, 3]),
        g: numbers([3, 3], ['N', 3]),
      },
      (a, b, c, g) => mul(concat([a, b, c], 0, 'N'), g),
    ),
  ],
  split: [
    opCase('axis 0, all parts', { x: numbers([5, 2]) }, (x) => {
      const [a, b] = split(x, 0, [2, 3]);
      return matmul(a, mul(b, b), { transposeB: true });
    }),
    opCase('axis 1, the middle part unused', { x: numbers([2, 6]) }, (x) => {
      const [a, , c] = split(x, 1, [2, 1, 3]);
      return concat([c, tanh(a)], 1);
    }),
    opCase('a part used twice', { x: numbers([2, 4]) }, (x) => {
      const [a, b] = split(x, 1, [2, 2]);
      return add(mul(a, b), tanh(a));
    }),
    opCase('at sizes of the run', { x: numbers([6, 2], ['N', 2]), at: lengths([3, 2, 1, 0]) }, (x, at) => {
      const [a, b, c, d] = splitAt(x, 0, at, ['A', 'B', 'C', 'D']);
      return add(matmul(firstRows(a, b), b, { transposeA: true }), sum(concat([tanh(c), d], 0), [0]));
    }),
    opCase(
      'at sizes of the run, parts unused',
      { x: numbers([6, 2], ['N', 2]), at: lengths([3, 2, 1]) },
      (x, at) => tanh(splitAt(x, 0, at, ['A', 'B', 'C'])[1]),
    ),
  ],
  part: [opCase('the last', { x: numbers([2, 4]) }, (x) => split(x, 1, [1, 3])[1])],
  sizes: [
    opCase(
      'cut as others were',
      { x: numbers([3, 2], ['N', 2]), a: numbers([2, 1], ['A', 1]), b: numbers([1, 1], ['B', 1]) },
      (x, a, b) => {
        const [first, second] = splitAt(x, 0, sizes([a, b], 0), ['A', 'B']);
        return concat([mul(first, a), mul(second, b)], 0, 'N');
      },
    ),
  ],
  firstRows: [
    opCase('fewer', { x: numbers([4, 2]), like: rows(3) }, firstRows),
    opCase('as many', { x: numbers([3, 2]), like: rows(3) }, firstRows),
    opCase('none', { x: numbers([3, 2]), like: rows(0) }, (x, like) => add(x, sum(firstRows(x, like), [0]))),
    opCase('of a vector', { x: numbers([4]), like: rows(2) }, firstRows),
  ],
  padRows: [
    opCase('more', { x: numbers([2, 3]), like: rows(4) }, padRows),
    opCase('as many', { x: numbers([2, 3]), like: rows(2) }, padRows),
    opCase('from none', { x: numbers([0, 3], ['B', 3]), y: numbers([2, 3]) }, (x, y) =>
      add(padRows(x, y), y),
    ),
    opCase('of a vector', { x: numbers([2]), like: rows(4) }, padRows),
  ],
  zeroRows: [opCase('three', { x: numbers([3, 2]) }, (x) => mul(x, add(x, zeroRows(x, 2))))],
  softmax: [
    opCase('[3,4]', { x: numbers([3, 4]) }, softmax),
    opCase('[2,3,4]', { x: numbers([2, 3, 4]) }, softmax),
  ],
  logSoftmax: [
    opCase('[3,4]', { x: numbers([3, 4]) }, logSoftmax),
    opCase('[2,3,4]', { x: numbers([2, 3, 4]) }, logSoftmax),
  ],
  crossEntropy: [
    opCase('[4,5]', { logits: numbers([4, 5]), targets: ids([1, 0, 4, 1]) }, crossEntropy),
    opCase(
      'of a product',
      { x: numbers([2, 3]), w: numbers([3, 5]), targets: ids([4, 0]) },
      (x, w, targets) => crossEntropy(matmul(x, w), targets),
    ),
  ],
  crossEntropyGradient: [
    opCase('[3,4]', { p: numbers([3, 4]), targets: ids([1, 0, 1]), g: numbers([3]) }, crossEntropyGradient),
  ],
  toFloat: [opCase('a mask', { x: numbers([2, 4]), mask: mask([1, 0, 0, 1]) }, (x, m) => mul(x, toFloat(m)))],
};
