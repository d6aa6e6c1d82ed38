import type { Dim, Shape } from './shape.ts';

/** Element types: weights and activations, word ids, sizes, dropout masks. */
export type DType = 'float32' | 'int32' | 'int64' | 'uint8';

/** What each operation carries besides its inputs. A new operation starts here; the compiler then asks for its gradient rule, its ONNX form and its interpreter. */
export interface OpAttributes {
  /** A value given when the graph runs; a parameter is one that training changes. */
  input: { readonly name: string; readonly parameter: boolean };
  /** A number, shape []. */
  constant: { readonly value: number };
  add: None;
  sub: None;
  mul: None;
  div: None;
  neg: None;
  tanh: None;
  sigmoid: None;
  relu: None;
  /** 1 where x > 0, else 0. */
  positive: None;
  exp: None;
  log: None;
  sqrt: None;
  /** a [m,k] times b [k,n], either one read transposed. */
  matmul: { readonly transposeA: boolean; readonly transposeB: boolean };
  /** Sum over axes, which disappear unless kept with size 1. */
  sum: { readonly axes: readonly number[]; readonly keepDims: boolean };
  /** The values of the first input stretched to the shape of the second. */
  expandLike: None;
  /** Dimensions of size 1 inserted at the given places of the result. */
  unsqueeze: { readonly axes: readonly number[] };
  /** Rows of a table [V,E] chosen by ids [N]. */
  gather: None;
  /** The adjoint of gather: rows [N,E] added up at ids [N] into zeros of the shape of a table. */
  scatterAdd: None;
  concat: { readonly axis: number };
  /** A tuple: parts cut along an axis at fixed sizes, or at sizes given by a second input and named by `dims`. */
  split: { readonly axis: number; readonly dims: readonly Dim[] };
  /** One part of a split. */
  part: { readonly index: number };
  /** Lengths of all inputs along an axis, int64 [number of inputs]. */
  sizes: { readonly axis: number };
  /** The first rows of one input, as many as the other has. */
  firstRows: None;
  /** The adjoint of firstRows: zero rows appended until there are as many as the other input has. */
  padRows: None;
  /** Zeros [rows of the input, width]. */
  zeroRows: { readonly width: number };
  /** Over the last axis. */
  softmax: None;
  logSoftmax: None;
  /** -log softmax(logits)[target] a row, in nats. Inputs logits [N,V], softmax(logits), targets [N]. */
  crossEntropy: None;
  /** Its gradient by the logits: (softmax - one-hot(targets)) times g [N]. */
  crossEntropyGradient: None;
  /** A mask of 0 and 1 (uint8) as float32. */
  toFloat: None;
}

type None = Record<never, never>;
export type OpName = keyof OpAttributes;

/** A node of a graph: an operation applied to nodes. Immutable; `id` grows with creation, so inputs come before their users. */
export type Expr = { [Op in OpName]: ExprOf<Op> }[OpName];

export interface ExprOf<Op extends OpName> {
  readonly id: number;
  readonly op: Op;
  readonly inputs: readonly Expr[];
  readonly attributes: OpAttributes[Op];
  readonly shape: Shape;
  readonly dtype: DType;
}

let nextId = 0;

/** Makes a node. The functions in ops.ts check shapes and call this. */
export function makeExpr<Op extends OpName>(
  op: Op,
  inputs: readonly Expr[],
  attributes: OpAttributes[Op],
  shape: Shape,
  dtype: DType = 'float32',
): ExprOf<Op> {
  // Op is generic here, so the compiler can't see that the record is one member of the union.
  return { id: nextId++, op, inputs, attributes, shape, dtype } as unknown as ExprOf<Op>;
}

/** All nodes that the given ones need, inputs before users. Iterative: an unrolled decoder is deep. */
export function topologicalOrder(roots: readonly Expr[]): Expr[] {
  const seen = new Set<Expr>();
  const stack = [...roots];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    stack.push(...node.inputs);
  }
  return [...seen].sort((a, b) => a.id - b.id);
}
