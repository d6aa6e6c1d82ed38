import type { DecoderConfig, Dropout } from '../decoder/config.ts';
import { GRADIENT, type TrainingGraph, trainingGraph } from '../decoder/graphs.ts';
import { emitOnnx } from '../onnx/emit.ts';
import { type FloatTensor, Session, type SessionOptions, type Tensor } from '../onnx/session.ts';
import type { Random } from '../random.ts';
import type { Batch } from './batches.ts';
import { dropoutMask } from './dropout.ts';
import type { Arrays } from './optimizer.ts';

/**
 * Runs the training graph over batches: the loss, and the gradients in arrays that are made once. One
 * session serves all caption lengths, so its memory does not grow with them.
 */
export class Stepper {
  private readonly feeds: Record<string, Tensor> = {};
  private readonly into: Record<string, FloatTensor | null> = { loss: null };
  /** Gradients of the last batch, by parameter name. */
  readonly gradients: Arrays;

  private constructor(
    private readonly session: Session,
    private readonly graph: TrainingGraph,
    weights: Arrays,
  ) {
    const gradients = new Map<string, Float32Array>();
    for (const { name, dims } of session.inputs) {
      const data = weights.get(name);
      if (data) this.feeds[name] = { dims: dims.map(Number), data };
    }
    for (const { name, dims } of session.outputs) {
      if (!name.startsWith(GRADIENT)) continue;
      const shape = dims.map(Number);
      const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
      this.into[name] = { dims: shape, data };
      gradients.set(name.slice(GRADIENT.length), data);
    }
    this.gradients = gradients;
  }

  /**
   * @param weights read anew at every step, so an optimizer may change them in place
   * @param T the longest caption in steps
   * @param dropout null for the loss alone, without gradients
   */
  static async create(
    config: DecoderConfig,
    weights: Arrays,
    T: number,
    dropout: Dropout | null,
    options: SessionOptions = {},
  ): Promise<Stepper> {
    const graph = trainingGraph(config, T, dropout);
    const bytes = emitOnnx(graph.outputs, { name: dropout ? 'training-step' : 'validation-loss' });
    return new Stepper(await Session.load(bytes, options, 'the training graph'), graph, weights);
  }

  /** Mean loss of a batch in nats a word; afterwards `gradients` holds its gradients. */
  async run(batch: Batch, random: Random): Promise<number> {
    const { captions: B, words: N, steps } = batch;
    const feeds: Record<string, Tensor> = {
      ...this.feeds,
      image: { dims: [B, batch.image.length / B], data: batch.image },
      inputs: { dims: [N], data: batch.inputs },
      targets: { dims: [N], data: batch.targets },
      weights: { dims: [N], data: batch.weights },
      steps: { dims: [steps.length], data: steps },
    };
    for (const { name, shape, rate } of this.graph.masks) {
      const dims = shape.map((dim) => (dim === 'N' ? N : dim === 'B' ? B : Number(dim)));
      feeds[name] = { dims, data: dropoutMask(dims[0] * dims[1], rate, random) };
    }
    const { loss } = await this.session.run(feeds, this.into);
    return loss.data[0];
  }

  async release(): Promise<void> {
    await this.session.release();
  }
}
