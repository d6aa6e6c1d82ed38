import type { Expr, ExprOf, OpName } from './expr.ts';
import {
  constant,
  crossEntropyGradient,
  div,
  exp,
  expandLike,
  firstRows,
  gather,
  matmul,
  mul,
  neg,
  padRows,
  positive,
  scatterAdd,
  sizes,
  split,
  splitAt,
  sub,
  sum,
  unsqueeze,
} from './ops.ts';

/**
 * From a node `y` and the gradient `g` of the loss by it, the gradients by its inputs, in order;
 * undefined where there is none (word ids, sizes). A rule may ignore broadcasting: the walk sums
 * over stretched axes.
 */
type Rule<Op extends OpName> = (y: ExprOf<Op>, g: Expr) => readonly (Expr | undefined)[];

/**
 * The gradient rule of every operation; null says that nothing flows back through it.
 * `split` and `part` are null because the walk joins the gradients of a split's parts itself.
 * The rules are made of operations that have rules, so gradients can be differentiated again.
 */
export const RULES: { readonly [Op in OpName]: Rule<Op> | null } = {
  input: null,
  constant: null,
  add: (_, g) => [g, g],
  sub: (_, g) => [g, neg(g)],
  mul: ({ inputs: [a, b] }, g) => [mul(g, b), mul(g, a)],
  div: (y, g) => [div(g, y.inputs[1]), neg(div(mul(g, y), y.inputs[1]))],
  neg: (_, g) => [neg(g)],
  tanh: (y, g) => [mul(g, sub(1, mul(y, y)))],
  sigmoid: (y, g) => [mul(g, mul(y, sub(1, y)))],
  relu: (y, g) => [mul(g, positive(y))],
  positive: null,
  exp: (y, g) => [mul(g, y)],
  log: ({ inputs: [x] }, g) => [div(g, x)],
  sqrt: (y, g) => [div(g, mul(2, y))],
  matmul: ({ inputs: [a, b], attributes: { transposeA, transposeB } }, g) => [
    transposeA
      ? matmul(b, g, { transposeA: transposeB, transposeB: true })
      : matmul(g, b, { transposeB: !transposeB }),
    transposeB
      ? matmul(g, a, { transposeA: true, transposeB: transposeA })
      : matmul(a, g, { transposeA: !transposeA }),
  ],
  sum: ({ inputs: [x], attributes: { axes, keepDims } }, g) => [
    expandLike(keepDims ? g : unsqueeze(g, axes), x),
  ],
  expandLike: (_, g) => [g, undefined],
  unsqueeze: ({ attributes: { axes } }, g) => [sum(g, axes)],
  gather: ({ inputs: [table, ids] }, g) => [scatterAdd(g, ids, table), undefined],
  scatterAdd: ({ inputs: [, ids] }, g) => [gather(g, ids), undefined, undefined],
  concat: ({ inputs, attributes: { axis } }, g) => {
    const dims = inputs.map((part) => part.shape[axis]);
    return dims.every((dim) => typeof dim === 'number')
      ? split(g, axis, dims)
      : splitAt(g, axis, sizes(inputs, axis), dims);
  },
  split: null,
  part: null,
  sizes: null,
  firstRows: ({ inputs: [x] }, g) => [padRows(g, x), undefined],
  padRows: ({ inputs: [x] }, g) => [firstRows(g, x), undefined],
  zeroRows: null,
  softmax: (y, g) => [mul(y, sub(g, sum(mul(g, y), [-1], true)))],
  logSoftmax: (y, g) => [sub(g, mul(exp(y), sum(g, [-1], true)))],
  crossEntropy: ({ inputs: [, probabilities, targets] }, g) => [
    crossEntropyGradient(probabilities, targets, g),
    undefined,
    undefined,
  ],
  crossEntropyGradient: ({ inputs: [probabilities, targets, weights] }, g) => [
    mul(g, unsqueeze(weights, [1])),
    undefined,
    sum(mul(g, crossEntropyGradient(probabilities, targets, expandLike(constant(1), weights))), [1]),
  ],
  toFloat: null,
};
