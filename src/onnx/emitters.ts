import { InternalError } from '../errors.ts';
import type { Expr, ExprOf, OpName } from '../graph/expr.ts';
import { type AttributeValue, onnxNode, onnxTensor, type TensorData } from './proto.ts';

/** Collects ONNX operators and constants; one that says the same as an earlier one is that one. */
export class NodeWriter {
  /** The ONNX value that holds each expression. */
  readonly names = new Map<Expr, string>();
  readonly nodes: ReturnType<typeof onnxNode>[] = [];
  readonly constants: ReturnType<typeof onnxTensor>[] = [];
  private readonly known = new Map<string, readonly string[]>();
  private count = 0;

  /** The name of an expression's value, which must have been emitted. */
  of(node: Expr): string {
    const name = this.names.get(node);
    if (name === undefined) throw new InternalError(`emit: ${node.op} ${node.id} is used before it is made`);
    return name;
  }

  /** One operator with one output; returns the output's name. */
  op(opType: string, inputs: readonly string[], attributes: Record<string, AttributeValue> = {}): string {
    return this.tuple(opType, inputs, 1, attributes)[0]!;
  }

  /** One operator with several outputs; returns their names. */
  tuple(
    opType: string,
    inputs: readonly string[],
    outputs: number,
    attributes: Record<string, AttributeValue> = {},
  ): readonly string[] {
    return this.once(`${opType}(${inputs.join()})${JSON.stringify(attributes)}`, () => {
      const names = Array.from({ length: outputs }, () => `${opType.toLowerCase()}_${this.count++}`);
      this.nodes.push(onnxNode(opType, inputs, names, attributes));
      return names;
    });
  }

  scalar(value: number): string {
    return this.constant([], Float32Array.of(value));
  }

  /** A vector of sizes, axes or offsets. */
  ints(...values: number[]): string {
    return this.constant([values.length], BigInt64Array.from(values, BigInt));
  }

  private constant(dims: readonly number[], data: TensorData): string {
    return this.once(`${data.constructor.name}[${dims.join()}]${data.join()}`, () => {
      const name = `constant_${this.count++}`;
      this.constants.push(onnxTensor(name, dims, data));
      return [name];
    })[0]!;
  }

  private once(key: string, make: () => readonly string[]): readonly string[] {
    const names = this.known.get(key) ?? make();
    this.known.set(key, names);
    return names;
  }

  /** Number of rows of a value, int64 [1]. */
  rows(node: Expr, axis = 0): string {
    return this.op('Shape', [this.of(node)], { start: axis, end: axis + 1 });
  }

  /** A matrix product, with a bias vector added to every row if there is one. */
  gemm(product: ExprOf<'matmul'>, bias?: Expr): string {
    const { transposeA, transposeB } = product.attributes;
    const inputs = [...product.inputs, ...(bias ? [bias] : [])].map((x) => this.of(x));
    return this.op('Gemm', inputs, { transA: Number(transposeA), transB: Number(transposeB) });
  }

  /** Gives an output its name: the operator that makes it takes the name, which saves a copy. */
  nameOutput(node: Expr, name: string): void {
    const own = this.of(node);
    const maker = this.nodes.find((candidate) => candidate.output.includes(own));
    if (maker === undefined || this.named.has(own)) {
      this.nodes.push(onnxNode('Identity', [own], [name]));
      return;
    }
    const rename = (names: string[]) => names.map((x) => (x === own ? name : x));
    for (const candidate of this.nodes) {
      candidate.input = rename(candidate.input);
      candidate.output = rename(candidate.output);
    }
    for (const [key, value] of this.names) if (value === own) this.names.set(key, name);
    this.named.add(name);
  }

  private readonly named = new Set<string>();
}

type Emitter<Op extends OpName> = (y: ExprOf<Op>, w: NodeWriter) => string;

/** Smallest normal float32: keeps the logarithm of a probability that underflowed finite (87 nats). */
const TINY = 2 ** -126;

const plain =
  (opType: string) =>
  (y: Expr, w: NodeWriter): string =>
    w.op(
      opType,
      y.inputs.map((x) => w.of(x)),
    );

/** ids [N] as a column [N,1]. */
const column = (ids: Expr, w: NodeWriter) => w.op('Unsqueeze', [w.of(ids), w.ints(1)]);

/** How each operation is said in ONNX (operator set 18). Returns the name of the result. */
export const EMITTERS: { readonly [Op in Exclude<OpName, 'input'>]: Emitter<Op> } & { readonly input: null } =
  {
    input: null,
    constant: (y, w) => w.scalar(y.attributes.value),
    add: plain('Add'),
    sub: plain('Sub'),
    mul: plain('Mul'),
    div: plain('Div'),
    neg: plain('Neg'),
    tanh: plain('Tanh'),
    sigmoid: plain('Sigmoid'),
    relu: plain('Relu'),
    positive: ({ inputs: [x] }, w) => w.op('Cast', [w.op('Greater', [w.of(x), w.scalar(0)])], { to: 1 }),
    exp: plain('Exp'),
    log: plain('Log'),
    sqrt: plain('Sqrt'),
    matmul: (y, w) => w.gemm(y),
    sum: ({ inputs: [x], attributes: { axes, keepDims } }, w) =>
      w.op('ReduceSum', [w.of(x), w.ints(...axes)], {
        keepdims: Number(keepDims),
        // No axes mean none, not all of them.
        noop_with_empty_axes: 1,
      }),
    expandLike: ({ inputs: [x, like] }, w) => w.op('Expand', [w.of(x), w.op('Shape', [w.of(like)])]),
    unsqueeze: ({ inputs: [x], attributes: { axes } }, w) => w.op('Unsqueeze', [w.of(x), w.ints(...axes)]),
    gather: ({ inputs: [table, ids] }, w) => w.op('Gather', [w.of(table), w.of(ids)], { axis: 0 }),
    scatterAdd: ({ inputs: [rows, ids, table] }, w) => {
      const zeros = w.op('Expand', [w.scalar(0), w.op('Shape', [w.of(table)])]);
      // Not ScatterND: onnxruntime runs its threads over the rows without a lock and loses additions
      // to rows that are named more than once.
      const at = w.op('Expand', [column(ids, w), w.op('Shape', [w.of(rows)])]);
      return w.op('ScatterElements', [zeros, at, w.of(rows)], { axis: 0, reduction: 'add' });
    },
    concat: (y, w) =>
      w.op(
        'Concat',
        y.inputs.map((x) => w.of(x)),
        { axis: y.attributes.axis },
      ),
    // A tuple has no value of its own; its parts name the outputs of one Split.
    split: (y, w) => splitOutputs(y, w).join(),
    part: ({ inputs: [tuple], attributes: { index } }, w) => {
      if (tuple.op !== 'split') throw new InternalError(`emit: a part of ${tuple.op}`);
      return splitOutputs(tuple, w)[index]!;
    },
    sizes: ({ inputs, attributes: { axis } }, w) =>
      w.op(
        'Concat',
        inputs.map((x) => w.rows(x, axis)),
        { axis: 0 },
      ),
    firstRows: ({ inputs: [x, like] }, w) => w.op('Slice', [w.of(x), w.ints(0), w.rows(like), w.ints(0)]),
    padRows: ({ inputs: [x, like] }, w) => {
      const rank = x.shape.length;
      const missing = w.op('Sub', [w.rows(like), w.rows(x)]);
      const zeros = (count: number) => w.ints(...new Array<number>(count).fill(0));
      const after = rank > 1 ? [missing, zeros(rank - 1)] : [missing];
      return w.op('Pad', [w.of(x), w.op('Concat', [zeros(rank), ...after], { axis: 0 })]);
    },
    zeroRows: ({ inputs: [like], attributes: { width } }, w) =>
      w.op('Expand', [w.scalar(0), w.op('Concat', [w.rows(like), w.ints(width)], { axis: 0 })]),
    softmax: ({ inputs: [x] }, w) => w.op('Softmax', [w.of(x)], { axis: -1 }),
    logSoftmax: ({ inputs: [x] }, w) => w.op('LogSoftmax', [w.of(x)], { axis: -1 }),
    crossEntropy: ({ inputs: [, probabilities, targets] }, w) => {
      const picked = w.op('GatherElements', [w.of(probabilities), column(targets, w)], { axis: 1 });
      const safe = w.op('Max', [w.op('Squeeze', [picked, w.ints(1)]), w.scalar(TINY)]);
      return w.op('Neg', [w.op('Log', [safe])]);
    },
    crossEntropyGradient: ({ inputs: [probabilities, targets, g] }, w) => {
      const at = column(targets, w);
      const minusOnes = w.op('Expand', [w.scalar(-1), w.op('Shape', [at])]);
      const difference = w.op('ScatterElements', [w.of(probabilities), at, minusOnes], {
        axis: 1,
        reduction: 'add',
      });
      return w.op('Mul', [difference, w.op('Unsqueeze', [w.of(g), w.ints(1)])]);
    },
    toFloat: ({ inputs: [x] }, w) => w.op('Cast', [w.of(x)], { to: 1 }),
  };

function splitOutputs(y: ExprOf<'split'>, w: NodeWriter): readonly string[] {
  const { axis, dims } = y.attributes;
  const [x, sizes] = y.inputs;
  const lengths = sizes ? w.of(sizes) : w.ints(...dims.map(Number));
  return w.tuple('Split', [w.of(x), lengths], dims.length, { axis });
}
