import { gradients } from '../../../src/graph/backward.ts';
import type { Expr } from '../../../src/graph/expr.ts';
import { add, input, mul, softmax, sub, sum } from '../../../src/graph/ops.ts';
import type { Tensor } from '../../../src/onnx/session.ts';
import type { Arrays } from '../../../src/training/optimizer.ts';
import { Graph } from './graph.ts';
import { Learner } from './learner.ts';
import { conjugateGradients, dot, plus, type Vector } from './linear-algebra.ts';

type Exprs = Readonly<Record<string, Expr>>;
type Tensors = Readonly<Record<string, Tensor>>;

/** A step takes this many products with the matrix, or as many as solve for it this well. */
const SOLVING = { products: 50, tolerance: 0.1 };

/**
 * Hessian-free optimization (Martens 2010; Martens & Sutskever 2011 for recurrent nets). A step d goes to the lowest
 * point of the loss's quadratic model: (G + damping I) d = -gradient. G has as many rows and columns as there are
 * weights and is never written down: conjugate gradients ask only for its products with vectors.
 */
export class HessianFree {
  private damping = 1;
  private readonly learner: Learner;
  private readonly matrix: GaussNewton;

  /** @param loss the mean cross-entropy of `logits` [N,V]; the others as for a Learner */
  constructor(loss: Expr, logits: Expr, parameters: Exprs, weights: Arrays) {
    // At a rate of 0 it computes gradients, and the weights stay.
    this.learner = Learner.create(loss, parameters, weights, { optimizer: 'sgd', learningRate: 0 });
    this.matrix = new GaussNewton(logits, parameters);
  }

  /** Moves the weights, unless the loss would rise. Says the loss before, and how many graphs were run for the step. */
  async step(inputs: Tensors): Promise<{ readonly loss: number; readonly runs: number }> {
    const { weights, gradients } = this.learner;
    const { loss } = await this.learner.step(inputs);
    const downhill = flat(gradients, weights).map((g) => -g);
    let runs = 2;
    const product = async (v: Vector) => {
      runs += 2;
      const Gv = flat(await this.matrix.times(arraysLike(weights, v), weights, inputs), weights);
      return plus(Gv, this.damping, v);
    };
    const d = await conjugateGradients(product, downhill, SOLVING);

    const start = flat(weights, weights);
    const goTo = (place: Vector) => {
      for (const [name, data] of arraysLike(weights, place)) weights.get(name)!.set(data);
    };
    goTo(plus(start, 1, d));
    const gain = loss - (await this.learner.step(inputs, false)).loss;
    if (!(gain > 0)) goTo(start);
    // The share of what the model promised says how far to trust it next time (Levenberg & Marquardt).
    const share = gain / (dot(d, downhill) / 2);
    if (share > 0.75) this.damping /= 1.5;
    else if (!(share > 0.25)) this.damping *= 1.5;
    return { loss, runs };
  }

  async release(): Promise<void> {
    await Promise.all([this.learner.release(), this.matrix.release()]);
  }
}

/**
 * Products G v with the Gauss-Newton matrix of a mean cross-entropy over logits z [N,V]: G = J^T L J, where J is how z
 * moves with the weights, and L = (diag(p) - p p^T) / N how the loss curves with z (Schraudolph 2002).
 *
 * Differentiation goes backwards only, which is J^T u for any u [N,V]. But that is linear in u: weighed with v and
 * differentiated again, by u, it gives J v.
 */
export class GaussNewton {
  private readonly forward: Graph;
  private readonly backward: Graph;
  /** J v does not depend on u, though its graph asks for one. */
  private readonly anyU: Tensor;

  constructor(logits: Expr, parameters: Exprs) {
    const u = input('u', logits.shape);
    const names = Object.keys(parameters);
    const JTu = gradients(sum(mul(logits, u)), Object.values(parameters));
    const weighed = names.map((name, i) => sum(mul(JTu[i], input(`v.${name}`, JTu[i].shape))));
    const [Jv] = gradients(weighed.reduce(add), [u]);
    const p = softmax(logits);
    const [N, V] = logits.shape.map(Number);
    const LJv = mul(mul(p, sub(Jv, sum(mul(p, Jv), [1], true))), 1 / N);
    this.forward = new Graph({ LJv });
    this.backward = new Graph(Object.fromEntries(names.map((name, i) => [name, JTu[i]])));
    this.anyU = { dims: [N, V], data: new Float32Array(N * V) };
  }

  /** G v at these weights; v and the product by the weights' names. */
  async times(v: Arrays, weights: Arrays, inputs: Tensors): Promise<Arrays> {
    const vs = [...v].map(([name, data]) => [`v.${name}`, data] as const);
    const { LJv } = await this.forward.run(new Map([...weights, ...vs]), { ...inputs, u: this.anyU });
    const product = await this.backward.run(weights, { ...inputs, u: LJv });
    return new Map(Object.entries(product).map(([name, { data }]) => [name, data]));
  }

  async release(): Promise<void> {
    await Promise.all([this.forward.release(), this.backward.release()]);
  }
}

/** Arrays one after another, in the order of the weights. */
function flat(arrays: Arrays, weights: Arrays): Vector {
  return Float64Array.from([...weights.keys()].flatMap((name) => [...arrays.get(name)!]));
}

/** A flat vector as arrays of the weights' names and sizes. */
function arraysLike(weights: Arrays, vector: Vector): Arrays {
  let end = 0;
  return new Map(
    [...weights].map(([name, { length }]) => {
      end += length;
      return [name, Float32Array.from(vector.subarray(end - length, end))];
    }),
  );
}
