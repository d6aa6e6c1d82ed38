import { gradients } from '../../../src/graph/backward.ts';
import type { Expr } from '../../../src/graph/expr.ts';
import { emitOnnx } from '../../../src/onnx/emit.ts';
import { type FloatTensor, Session, type Tensor } from '../../../src/onnx/session.ts';
import { clipScale, clipValues, globalNorm } from '../../../src/training/clipping.ts';
import { type Arrays, initialSlots, type Slots, updateWeights } from '../../../src/training/optimizer.ts';
import type { OptimizerName } from '../../../src/training/options.ts';

/** How a learner moves its weights. */
export interface LearnerOptions {
  readonly optimizer: OptimizerName;
  readonly learningRate: number;
  readonly momentum?: number;
  readonly clipNorm?: number;
  readonly clipValue?: number;
}

/** What one step came to. */
export interface Step {
  readonly loss: number;
  /** Of the gradient before clipping. */
  readonly norm: number;
  /** The outputs that were asked for besides the loss. */
  readonly outputs: Readonly<Record<string, FloatTensor>>;
}

/**
 * A loss as an expression of weights and inputs, and weights that learn to make it small: what every script here
 * trains with. Weights are the expression's `parameter` leaves, inputs its `input` leaves, by name.
 */
export class Learner {
  private readonly slots: Slots;
  private steps = 0;

  private constructor(
    /** By name, changed in place by `step`. */
    readonly weights: Arrays,
    /** Of the last step, by the weight's name. */
    readonly gradients: Map<string, Float32Array>,
    private readonly session: Session,
    private readonly options: LearnerOptions,
  ) {
    this.slots = initialSlots(options.optimizer, weights);
  }

  /**
   * @param parameters the loss's `parameter` leaves by name
   * @param weights their first values, row-major
   * @param outputs other expressions to look at, by name
   */
  static async create(
    loss: Expr,
    parameters: Readonly<Record<string, Expr>>,
    weights: Arrays,
    options: LearnerOptions,
    outputs: Readonly<Record<string, Expr>> = {},
  ): Promise<Learner> {
    const names = Object.keys(parameters);
    const grads = gradients(loss, Object.values(parameters));
    const graph = {
      loss,
      ...Object.fromEntries(names.map((name, i) => [`grad.${name}`, grads[i]!])),
      ...Object.fromEntries(Object.entries(outputs).map(([name, x]) => [`out.${name}`, x])),
    };
    const session = await Session.load(emitOnnx(graph, { name: 'lecture' }), { threads: 1 }, 'the graph');
    return new Learner(weights, new Map(), session, options);
  }

  /** Computes the loss, the gradients and the outputs; moves the weights unless `learn` is false. */
  async step(inputs: Readonly<Record<string, Tensor>>, learn = true): Promise<Step> {
    const known = new Map(this.session.inputs.map(({ name, dims }) => [name, dims.map(Number)]));
    const own = [...this.weights].flatMap(([name, data]) =>
      known.has(name) ? [[name, { dims: known.get(name)!, data }] as const] : [],
    );
    const results = await this.session.run({ ...Object.fromEntries(own), ...inputs });
    const outputs: Record<string, FloatTensor> = {};
    for (const [name, tensor] of Object.entries(results)) {
      if (name.startsWith('grad.')) this.gradients.set(name.slice('grad.'.length), tensor.data);
      if (name.startsWith('out.')) outputs[name.slice('out.'.length)] = tensor;
    }
    const { optimizer, learningRate, momentum = 0.9, clipNorm = 0, clipValue = 0 } = this.options;
    if (clipValue > 0) clipValues(this.gradients, clipValue);
    const norm = globalNorm(this.gradients);
    if (learn) {
      updateWeights(optimizer, this.weights, this.gradients, this.slots, {
        step: ++this.steps,
        learningRate,
        scale: clipScale(norm, clipNorm),
        momentum,
        weightDecay: 0,
      });
    }
    return { loss: results.loss!.data[0]!, norm, outputs };
  }

  async release(): Promise<void> {
    await this.session.release();
  }
}
