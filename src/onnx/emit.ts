import { type Expr, type ExprOf, topologicalOrder } from '../graph/expr.ts';
import { sameShape } from '../graph/shape.ts';
import { EMITTERS, NodeWriter } from './emitters.ts';
import { onnxModel, onnxTensor, onnxValue } from './proto.ts';

export interface EmitOptions {
  readonly name: string;
  readonly description?: string;
  /** Values of parameters by name: these become weights inside the file, all others inputs. */
  readonly weights?: ReadonlyMap<string, Float32Array>;
}

/** The bytes of an ONNX file that computes the given outputs. */
export function emitOnnx(outputs: Readonly<Record<string, Expr>>, options: EmitOptions): Uint8Array {
  const order = topologicalOrder(Object.values(outputs));
  const biased = biasedProducts(order, Object.values(outputs));
  const absorbed = new Set<Expr>([...biased.values()].map(({ product }) => product));
  const writer = new NodeWriter();
  const inputs = [];
  const weights = [];

  for (const node of order) {
    if (node.op === 'input') {
      const { name, parameter } = node.attributes;
      const value = parameter ? options.weights?.get(name) : undefined;
      if (value) weights.push(onnxTensor(name, node.shape.map(Number), value));
      else inputs.push(onnxValue(name, node.dtype, node.shape));
      writer.names.set(node, name);
    } else if (!absorbed.has(node)) {
      const sum = biased.get(node);
      // The table pairs each op with its own emitter; the compiler can't follow that through a lookup.
      const emitter = EMITTERS[node.op] as (y: Expr, w: NodeWriter) => string;
      writer.names.set(node, sum ? writer.gemm(sum.product, sum.bias) : emitter(node, writer));
    }
  }

  for (const [name, node] of Object.entries(outputs)) writer.nameOutput(node, name);
  return onnxModel({
    name: options.name,
    description: options.description,
    inputs,
    outputs: Object.entries(outputs).map(([name, node]) => onnxValue(name, node.dtype, node.shape)),
    initializers: [...weights, ...writer.constants],
    nodes: writer.nodes,
  });
}

interface BiasedProduct {
  readonly product: ExprOf<'matmul'>;
  readonly bias: Expr;
}

/** Sums of a matrix product and a bias vector [n], where no one else uses the product: each is one Gemm. */
function biasedProducts(order: readonly Expr[], outputs: readonly Expr[]): Map<Expr, BiasedProduct> {
  const users = new Map<Expr, number>();
  for (const node of [...order.flatMap((y) => y.inputs), ...outputs])
    users.set(node, (users.get(node) ?? 0) + 1);
  const found = new Map<Expr, BiasedProduct>();
  for (const node of order) {
    if (node.op !== 'add') continue;
    const [product, bias] = node.inputs;
    if (
      product.op === 'matmul' &&
      bias.op === 'input' &&
      bias.shape.length === 1 &&
      sameShape(node.shape, product.shape) &&
      users.get(product) === 1
    ) {
      found.set(node, { product, bias });
    }
  }
  return found;
}
