import { type Expr, type ExprOf, type OpName, topologicalOrder } from '../../src/graph/expr.ts';

/** Row-major values with their shape, all element types as float64. */
export interface NdArray {
  readonly dims: readonly number[];
  readonly data: Float64Array;
}

/** What a graph is fed: any array of numbers. */
export interface Value {
  readonly dims: readonly number[];
  readonly data: ArrayLike<number | bigint>;
}

/**
 * Computes expressions in float64, slowly and plainly: the reference for gradient rules (finite
 * differences need the precision) and for onnxruntime. It knows nothing of ONNX.
 */
export function evaluate(
  outputs: Readonly<Record<string, Expr>>,
  inputs: Readonly<Record<string, Value>>,
): Record<string, NdArray> {
  const values = new Map<Expr, readonly NdArray[]>();
  for (const y of topologicalOrder(Object.values(outputs))) {
    values.set(y, y.op === 'input' ? [inputValue(y, inputs)] : apply(y, values));
  }
  return Object.fromEntries(Object.entries(outputs).map(([name, y]) => [name, values.get(y)![0]]));
}

function inputValue(y: ExprOf<'input'>, inputs: Readonly<Record<string, Value>>): NdArray {
  const { name } = y.attributes;
  const value = inputs[name];
  if (value === undefined) throw new Error(`no value for input ${name}`);
  const fits = y.shape.every((dim, i) => typeof dim === 'string' || dim === value.dims[i]);
  if (!fits || y.shape.length !== value.dims.length || value.data.length !== size(value.dims)) {
    throw new Error(`input ${name} [${y.shape}] got dims [${value.dims}] and ${value.data.length} values`);
  }
  return { dims: value.dims, data: Float64Array.from(value.data, Number) };
}

function apply(y: Expr, values: ReadonlyMap<Expr, readonly NdArray[]>): readonly NdArray[] {
  // The table pairs each op with its own function; the compiler can't follow that through a lookup.
  const compute = OPS[y.op] as (y: Expr, ...inputs: readonly NdArray[]) => NdArray | readonly NdArray[];
  return [compute(y, ...y.inputs.flatMap((x) => values.get(x)!))].flat();
}

/** Computes one node from its inputs' values; a split gives several values, which `part` gets as its inputs. */
type Compute<Op extends OpName> = (
  y: ExprOf<Op>,
  ...inputs: readonly NdArray[]
) => NdArray | readonly NdArray[];

const OPS: { readonly [Op in Exclude<OpName, 'input'>]: Compute<Op> } & { readonly input: null } = {
  input: null,
  constant: (y) => fill([], () => y.attributes.value),
  add: (_, a, b) => broadcast(a, b, (x, y) => x + y),
  sub: (_, a, b) => broadcast(a, b, (x, y) => x - y),
  mul: (_, a, b) => broadcast(a, b, (x, y) => x * y),
  div: (_, a, b) => broadcast(a, b, (x, y) => x / y),
  neg: (_, x) => map(x, (v) => -v),
  tanh: (_, x) => map(x, Math.tanh),
  sigmoid: (_, x) => map(x, (v) => 1 / (1 + Math.exp(-v))),
  relu: (_, x) => map(x, (v) => Math.max(v, 0)),
  positive: (_, x) => map(x, (v) => (v > 0 ? 1 : 0)),
  exp: (_, x) => map(x, Math.exp),
  log: (_, x) => map(x, Math.log),
  sqrt: (_, x) => map(x, Math.sqrt),
  matmul: ({ attributes: { transposeA, transposeB } }, a, b) => {
    const [m, inner] = transposeA ? [a.dims[1], a.dims[0]] : a.dims;
    const n = transposeB ? b.dims[0] : b.dims[1];
    return fill([m, n], ([i, j]) => {
      let total = 0;
      for (let k = 0; k < inner; k++) {
        total += at(a, transposeA ? [k, i] : [i, k]) * at(b, transposeB ? [j, k] : [k, j]);
      }
      return total;
    });
  },
  sum: ({ attributes: { axes, keepDims } }, x) => {
    const kept = x.dims.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
    const totals = fill(kept, () => 0);
    eachIndex(x.dims, (index) => {
      totals.data[offset(kept, index)] += at(x, index);
    });
    return keepDims ? totals : { dims: x.dims.filter((_, axis) => !axes.includes(axis)), data: totals.data };
  },
  expandLike: (_, x, like) => fill(like.dims, (index) => at(x, index)),
  unsqueeze: ({ attributes: { axes } }, x) => {
    const dims = [...x.dims];
    for (const axis of [...axes].sort((a, b) => a - b)) dims.splice(axis, 0, 1);
    return { dims, data: x.data };
  },
  gather: (_, table, ids) =>
    fill([ids.dims[0], ...table.dims.slice(1)], ([n, ...rest]) => at(table, [ids.data[n], ...rest])),
  scatterAdd: (_, rows, ids, table) => {
    const total = fill(table.dims, () => 0);
    eachIndex(rows.dims, ([n, ...rest]) => {
      total.data[offset(table.dims, [ids.data[n], ...rest])] += at(rows, [n, ...rest]);
    });
    return total;
  },
  concat: ({ attributes: { axis } }, ...parts) => {
    const lengths = parts.map((part) => part.dims[axis]);
    const dims = parts[0].dims.with(
      axis,
      lengths.reduce((a, b) => a + b),
    );
    return fill(dims, (index) => {
      let part = 0;
      let place = index[axis];
      while (place >= lengths[part]) place -= lengths[part++];
      return at(parts[part], index.with(axis, place));
    });
  },
  split: ({ attributes: { axis, dims } }, x, sizes) => {
    const lengths = sizes ? [...sizes.data] : dims.map(Number);
    if (lengths.reduce((a, b) => a + b, 0) !== x.dims[axis]) {
      throw new Error(`split: sizes ${lengths} do not add up to [${x.dims}]`);
    }
    let start = 0;
    return lengths.map((length) => {
      const from = start;
      start += length;
      return fill(x.dims.with(axis, length), (index) => at(x, index.with(axis, from + index[axis])));
    });
  },
  part: (y, ...parts) => parts[y.attributes.index],
  sizes: ({ attributes: { axis } }, ...parts) => fill([parts.length], ([i]) => parts[i].dims[axis]),
  firstRows: (_, x, like) => fill(x.dims.with(0, like.dims[0]), (index) => at(x, index)),
  padRows: (_, x, like) =>
    fill(x.dims.with(0, like.dims[0]), (index) => (index[0] < x.dims[0] ? at(x, index) : 0)),
  zeroRows: ({ attributes: { width } }, like) => fill([like.dims[0], width], () => 0),
  softmax: (_, x) => map(logSoftmax(x), Math.exp),
  logSoftmax: (_, x) => logSoftmax(x),
  // From the logits alone: the softmax among the inputs is there for the gradient.
  crossEntropy: (_, logits, _probabilities, targets) => {
    const logProbabilities = logSoftmax(logits);
    return fill(targets.dims, ([n]) => -at(logProbabilities, [n, targets.data[n]]));
  },
  crossEntropyGradient: (_, probabilities, targets, g) =>
    fill(probabilities.dims, ([n, v]) => {
      const oneHot = v === targets.data[n] ? 1 : 0;
      return (at(probabilities, [n, v]) - oneHot) * g.data[n];
    }),
  toFloat: (_, x) => x,
};

/** x - log sum exp(x) over the last axis, with the maximum taken out so that nothing overflows. */
function logSoftmax(x: NdArray): NdArray {
  const last = x.dims.length - 1;
  const rowDims = x.dims.with(last, 1);
  const maxima = fill(rowDims, () => Number.NEGATIVE_INFINITY);
  eachIndex(x.dims, (index) => {
    const row = offset(rowDims, index);
    maxima.data[row] = Math.max(maxima.data[row], at(x, index));
  });
  const totals = fill(rowDims, () => 0);
  eachIndex(x.dims, (index) => {
    totals.data[offset(rowDims, index)] += Math.exp(at(x, index) - at(maxima, index));
  });
  return fill(x.dims, (index) => at(x, index) - at(maxima, index) - Math.log(at(totals, index)));
}

function size(dims: readonly number[]): number {
  return dims.reduce((a, b) => a * b, 1);
}

/** Calls `visit` with every index of a shape in row-major order. The array is reused: copy it to keep it. */
function eachIndex(dims: readonly number[], visit: (index: number[], place: number) => void): void {
  const index = new Array<number>(dims.length).fill(0);
  const count = size(dims);
  for (let place = 0; place < count; place++) {
    visit(index, place);
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      if (++index[axis] < dims[axis]) break;
      index[axis] = 0;
    }
  }
}

/** A new array whose elements are a function of their index. */
function fill(dims: readonly number[], element: (index: number[]) => number): NdArray {
  const data = new Float64Array(size(dims));
  eachIndex(dims, (index, place) => {
    data[place] = element(index);
  });
  return { dims, data };
}

/** Where an index lies in the data; axes align at the right, and an axis of size 1 stretches. */
function offset(dims: readonly number[], index: readonly number[]): number {
  const added = index.length - dims.length;
  let place = 0;
  for (let axis = 0; axis < dims.length; axis++) {
    place = place * dims[axis] + (dims[axis] === 1 ? 0 : index[axis + added]);
  }
  return place;
}

function at(x: NdArray, index: readonly number[]): number {
  return x.data[offset(x.dims, index)];
}

function map(x: NdArray, f: (value: number) => number): NdArray {
  return { dims: x.dims, data: x.data.map(f) };
}

function broadcast(a: NdArray, b: NdArray, f: (x: number, y: number) => number): NdArray {
  const rank = Math.max(a.dims.length, b.dims.length);
  const dims = Array.from({ length: rank }, (_, i) => {
    const da = a.dims[i - rank + a.dims.length] ?? 1;
    const db = b.dims[i - rank + b.dims.length] ?? 1;
    if (da !== db && da !== 1 && db !== 1) throw new Error(`[${a.dims}] and [${b.dims}] do not broadcast`);
    return da === 1 ? db : da;
  });
  return fill(dims, (index) => f(at(a, index), at(b, index)));
}
