import { UserError } from '../../../src/errors.ts';
import { gradients } from '../../../src/graph/backward.ts';
import type { Expr } from '../../../src/graph/expr.ts';
import type { FloatTensor, Tensor } from '../../../src/onnx/session.ts';
import { clipScale, clipValues, globalNorm } from '../../../src/training/clipping.ts';
import { type Arrays, initialSlots, type Slots, updateWeights } from '../../../src/training/optimizer.ts';
import type { OptimizerName } from '../../../src/training/options.ts';
import { Graph } from './graph.ts';

/** How a learner moves its weights. */
export interface LearnerOptions {
  readonly optimizer: OptimizerName;
  readonly learningRate: number;
  readonly momentum?: number;
  readonly clipNorm?: number;
  readonly clipValue?: number;
}

/** What one step came to. */
interface Step {
  readonly loss: number;
  /** The outputs that were asked for besides the loss. */
  readonly outputs: Readonly<Record<string, FloatTensor>>;
}

/**
 * A loss as an expression of weights and inputs, and weights that learn to make it small: what every script here
 * trains with. Weights are the expression's `parameter` leaves, inputs its `input` leaves, by name.
 */
export class Learner {
  /** Of the last step that learned, by the weight's name: behind `clipValue`, before `clipNorm`. */
  readonly gradients = new Map<string, Float32Array>();
  private readonly slots: Slots;
  private steps = 0;

  private constructor(
    /** By name, changed in place by `step`. */
    readonly weights: Arrays,
    private readonly options: LearnerOptions,
    private readonly outputs: readonly string[],
    /** The loss and the outputs, without gradients and with them. */
    private readonly forward: Graph,
    private readonly both: Graph,
  ) {
    this.slots = initialSlots(options.optimizer, weights);
  }

  /**
   * @param parameters the loss's `parameter` leaves by name
   * @param weights their first values, row-major
   * @param outputs other expressions to look at, by name
   */
  static create(
    loss: Expr,
    parameters: Readonly<Record<string, Expr>>,
    weights: Arrays,
    options: LearnerOptions,
    outputs: Readonly<Record<string, Expr>> = {},
  ): Learner {
    const results = { ...outputs, loss };
    const grads = gradients(loss, Object.values(parameters));
    const backward = Object.keys(parameters).map((name, i) => [`grad.${name}`, grads[i]] as const);
    const both = new Graph({ ...results, ...Object.fromEntries(backward) });
    return new Learner(weights, options, Object.keys(outputs), new Graph(results), both);
  }

  /** Computes the loss and the outputs; unless `learn` is false, moves the weights against the loss's gradients. */
  async step(inputs: Readonly<Record<string, Tensor>>, learn = true): Promise<Step> {
    const graph = learn ? this.both : this.forward;
    const results = await graph.run(this.weights, inputs);
    const loss = results.loss.data[0];
    if (learn) this.learn(loss, results);
    return { loss, outputs: Object.fromEntries(this.outputs.map((name) => [name, results[name]])) };
  }

  private learn(loss: number, results: Readonly<Record<string, FloatTensor>>): void {
    if (!Number.isFinite(loss)) {
      throw new UserError(`the net has diverged: its loss is ${loss}`, { hint: 'a smaller learning rate' });
    }
    for (const name of this.weights.keys()) this.gradients.set(name, results[`grad.${name}`].data);
    const { optimizer, learningRate, momentum = 0.9, clipNorm = 0, clipValue = 0 } = this.options;
    if (clipValue > 0) clipValues(this.gradients, clipValue);
    const scale = clipScale(globalNorm(this.gradients), clipNorm);
    const by = { step: ++this.steps, learningRate, scale, momentum, weightDecay: 0 };
    updateWeights(optimizer, this.weights, this.gradients, this.slots, by);
  }

  async release(): Promise<void> {
    await Promise.all([this.forward.release(), this.both.release()]);
  }
}
