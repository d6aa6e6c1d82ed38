import { axisOf, expectIds, expectRows, expectTargets, rowsLike } from './checks.ts';
import { type DType, type Expr, type ExprOf, makeExpr } from './expr.ts';
import {
  broadcastShapes,
  type Dim,
  formatShape,
  type Shape,
  sameShape,
  shapeError,
  sumDims,
} from './shape.ts';

/** A value given at run time. */
export function input(name: string, shape: Shape, dtype: DType = 'float32'): Expr {
  return makeExpr('input', [], { name, parameter: false }, shape, dtype);
}

/** A value that training changes; its name is its key in checkpoints. */
export function parameter(name: string, shape: readonly number[]): Expr {
  return makeExpr('input', [], { name, parameter: true }, shape);
}

export function constant(value: number): Expr {
  return makeExpr('constant', [], { value }, []);
}

const lift = (x: Expr | number): Expr => (typeof x === 'number' ? constant(x) : x);

function binary(op: 'add' | 'sub' | 'mul' | 'div') {
  return (a: Expr | number, b: Expr | number): Expr => {
    const left = lift(a);
    const right = lift(b);
    return makeExpr(op, [left, right], {}, broadcastShapes(left.shape, right.shape, op));
  };
}

/** Elementwise with NumPy broadcasting; a number is a constant. */
export const add = binary('add');
export const sub = binary('sub');
export const mul = binary('mul');
export const div = binary('div');

function unary(op: 'neg' | 'tanh' | 'sigmoid' | 'relu' | 'positive' | 'exp' | 'log' | 'sqrt') {
  return (x: Expr): Expr => makeExpr(op, [x], {}, x.shape);
}

export const neg = unary('neg');
export const tanh = unary('tanh');
export const sigmoid = unary('sigmoid');
export const relu = unary('relu');
export const positive = unary('positive');
export const exp = unary('exp');
export const log = unary('log');
export const sqrt = unary('sqrt');

/** a [m,k] times b [k,n] = [m,n]; `transposeA` reads a as [k,m], `transposeB` reads b as [n,k]. */
export function matmul(a: Expr, b: Expr, options: { transposeA?: boolean; transposeB?: boolean } = {}): Expr {
  const { transposeA = false, transposeB = false } = options;
  if (a.shape.length !== 2 || b.shape.length !== 2) {
    throw shapeError(
      `matmul: expected two matrices but got ${formatShape(a.shape)} and ${formatShape(b.shape)}`,
    );
  }
  const [m, k] = transposeA ? [a.shape[1], a.shape[0]] : a.shape;
  const [k2, n] = transposeB ? [b.shape[1], b.shape[0]] : b.shape;
  if (k !== k2) {
    const t = (flag: boolean) => (flag ? ' transposed' : '');
    throw shapeError(
      `matmul: inner dimensions differ: ${formatShape(a.shape)}${t(transposeA)} times ${formatShape(b.shape)}${t(transposeB)}`,
    );
  }
  return makeExpr('matmul', [a, b], { transposeA, transposeB }, [m, n]);
}

/** Sum over the given axes (all by default); they disappear unless kept with size 1. */
export function sum(x: Expr, axes: readonly number[] = x.shape.map((_, i) => i), keepDims = false): Expr {
  const at = axes.map((axis) => axisOf('sum', x, axis));
  const shape = keepDims
    ? x.shape.map((dim, i) => (at.includes(i) ? 1 : dim))
    : x.shape.filter((_, i) => !at.includes(i));
  return makeExpr('sum', [x], { axes: at, keepDims }, shape);
}

/** x stretched by broadcasting to the shape of `like`. */
export function expandLike(x: Expr, like: Expr): Expr {
  if (!sameShape(broadcastShapes(x.shape, like.shape, 'expandLike'), like.shape)) {
    throw shapeError(`expandLike: ${formatShape(x.shape)} does not stretch to ${formatShape(like.shape)}`);
  }
  return makeExpr('expandLike', [x, like], {}, like.shape);
}

/** x with dimensions of size 1 inserted at the given places of the result; negative ones count from its end. */
export function unsqueeze(x: Expr, axes: readonly number[]): Expr {
  const rank = x.shape.length + axes.length;
  const at = axes.map((axis) => (axis < 0 ? axis + rank : axis));
  const outside = at.some((axis) => axis < 0 || axis >= rank);
  if (outside || new Set(at).size !== at.length) {
    throw shapeError(
      `unsqueeze: ${formatShape(x.shape)} can't get new axes at ${axes.join()} of ${rank} dimension(s)`,
    );
  }
  const shape = [...x.shape];
  for (const axis of at.toSorted((a, b) => a - b)) shape.splice(axis, 0, 1);
  return makeExpr('unsqueeze', [x], { axes: at }, shape, x.dtype);
}

/** Rows of a table [V,E] chosen by ids [N] int32 = [N,E]. */
export function gather(table: Expr, ids: Expr): Expr {
  expectIds('gather', ids);
  expectRows('gather', table);
  return makeExpr('gather', [table, ids], {}, [ids.shape[0], ...table.shape.slice(1)], table.dtype);
}

/** Rows [N,E] added up at ids [N] into zeros of the shape of `table` [V,E]. */
export function scatterAdd(rows: Expr, ids: Expr, table: Expr): Expr {
  expectIds('scatterAdd', ids);
  expectRows('scatterAdd', table);
  if (!sameShape(rows.shape, [ids.shape[0], ...table.shape.slice(1)])) {
    throw shapeError(
      `scatterAdd: rows ${formatShape(rows.shape)} at ids ${formatShape(ids.shape)} don't fit table ${formatShape(table.shape)}`,
    );
  }
  return makeExpr('scatterAdd', [rows, ids, table], {}, table.shape);
}

/** Joins along an axis; `dim` names the joint dimension where the parts' are symbolic. */
export function concat(parts: readonly Expr[], axis: number, dim?: Dim): Expr {
  const first = parts[0];
  if (first === undefined) throw shapeError('concat: expected at least one part');
  const at = axisOf('concat', first, axis);
  for (const part of parts) {
    if (
      part.shape.length !== first.shape.length ||
      part.shape.some((d, i) => i !== at && d !== first.shape[i])
    ) {
      throw shapeError(
        `concat: ${formatShape(part.shape)} does not fit ${formatShape(first.shape)} along axis ${at}`,
      );
    }
  }
  const joint = dim ?? sumDims(parts.map((part) => part.shape[at]));
  return makeExpr('concat', parts, { axis: at }, first.shape.with(at, joint), first.dtype);
}

/** Cuts along an axis at fixed sizes, which must add up. */
export function split(x: Expr, axis: number, sizes: readonly number[]): Expr[] {
  const at = axisOf('split', x, axis);
  if (sumDims(sizes) !== x.shape[at]) {
    throw shapeError(
      `split: sizes ${sizes.join('+')} do not add up to ${x.shape[at]} of ${formatShape(x.shape)}`,
    );
  }
  return partsOf(makeExpr('split', [x], { axis: at, dims: sizes }, x.shape, x.dtype));
}

/** Cuts along an axis at sizes known when the graph runs, int64 [dims.length]; `dims` names them. */
export function splitAt(x: Expr, axis: number, sizes: Expr, dims: readonly Dim[]): Expr[] {
  const at = axisOf('splitAt', x, axis);
  if (sizes.dtype !== 'int64' || !sameShape(sizes.shape, [dims.length])) {
    throw shapeError(
      `splitAt: expected sizes int64 [${dims.length}] but got ${sizes.dtype} ${formatShape(sizes.shape)}`,
    );
  }
  return partsOf(makeExpr('split', [x, sizes], { axis: at, dims }, x.shape, x.dtype));
}

function partsOf(tuple: ExprOf<'split'>): Expr[] {
  return tuple.attributes.dims.map((_, index) => partOf(tuple, index));
}

/** One part of a split. */
export function partOf(tuple: ExprOf<'split'>, index: number): Expr {
  const { axis, dims } = tuple.attributes;
  return makeExpr('part', [tuple], { index }, tuple.shape.with(axis, dims[index]), tuple.dtype);
}

/** Lengths of the parts along an axis, int64 [parts]. */
export function sizes(parts: readonly Expr[], axis: number): Expr {
  const [at = axis] = parts.map((part) => axisOf('sizes', part, axis));
  return makeExpr('sizes', parts, { axis: at }, [parts.length], 'int64');
}

/** The first rows of x, as many as `like` has. */
export function firstRows(x: Expr, like: Expr): Expr {
  const rows = rowsLike('firstRows', x, like, (own, count) => count <= own);
  return makeExpr('firstRows', [x, like], {}, x.shape.with(0, rows), x.dtype);
}

/** x with zero rows appended until it has as many as `like`. */
export function padRows(x: Expr, like: Expr): Expr {
  const rows = rowsLike('padRows', x, like, (own, count) => count >= own);
  return makeExpr('padRows', [x, like], {}, x.shape.with(0, rows), x.dtype);
}

/** Zeros [n, width], as many rows as `like` has. */
export function zeroRows(like: Expr, width: number): Expr {
  expectRows('zeroRows', like);
  return makeExpr('zeroRows', [like], { width }, [like.shape[0], width]);
}

/** Over the last axis. */
export function softmax(x: Expr): Expr {
  return makeExpr('softmax', [x], {}, x.shape);
}

/** Over the last axis. */
export function logSoftmax(x: Expr): Expr {
  return makeExpr('logSoftmax', [x], {}, x.shape);
}

/** -log softmax(logits)[target] for each row, in nats: logits [N,V], targets [N] int32 -> [N]. */
export function crossEntropy(logits: Expr, targets: Expr): Expr {
  expectTargets('crossEntropy', 'logits', logits, targets);
  return makeExpr('crossEntropy', [logits, softmax(logits), targets], {}, targets.shape);
}

/** (probabilities - one-hot(targets)) * g: probabilities [N,V], targets [N], g [N] -> [N,V]. */
export function crossEntropyGradient(probabilities: Expr, targets: Expr, g: Expr): Expr {
  expectTargets('crossEntropyGradient', 'probabilities', probabilities, targets);
  if (!sameShape(g.shape, targets.shape)) {
    throw shapeError(
      `crossEntropyGradient: g ${formatShape(g.shape)} but targets ${formatShape(targets.shape)}`,
    );
  }
  return makeExpr('crossEntropyGradient', [probabilities, targets, g], {}, probabilities.shape);
}

/** A mask of 0 and 1 (uint8) as float32. */
export function toFloat(x: Expr): Expr {
  if (x.dtype !== 'uint8') throw shapeError(`toFloat: expected uint8 but got ${x.dtype}`);
  return makeExpr('toFloat', [x], {}, x.shape);
}
