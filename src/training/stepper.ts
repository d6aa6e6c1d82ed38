import type { DecoderConfig } from '../decoder/config.ts';
import { GRADIENT, type LossOptions, trainingGraph, validationGraph } from '../decoder/graphs.ts';
import { emitOnnx } from '../onnx/emit.ts';
import { type FloatTensor, Session, type SessionOptions, type Tensor } from '../onnx/session.ts';
import type { Random } from '../random.ts';
import { PAD, START, UNK } from '../text/vocabulary.ts';
import type { Batch } from './batches.ts';
import { dropoutMask } from './dropout.ts';
import type { Arrays } from './optimizer.ts';

type Feeds = Record<string, Tensor>;

/** What a logit gets added that takes its word out of the softmax: its probability is exactly 0 then. */
const SILENT = -1e4;

/** Words that search never says. */
const UNSAID = [PAD, START, UNK];

/** Computes the loss of batches without dropout. */
export class LossStepper {
  private constructor(
    private readonly session: Session,
    private readonly weights: Feeds,
  ) {}

  /**
   * @param weights read anew at every step, so an optimizer may change them in place
   * @param T the longest caption in steps
   */
  static async create(
    config: DecoderConfig,
    weights: Arrays,
    T: number,
    options: SessionOptions = {},
  ): Promise<LossStepper> {
    const bytes = emitOnnx(validationGraph(config, T), { name: 'validation-loss' });
    const session = await Session.load(bytes, options, 'the validation graph');
    return new LossStepper(session, weightFeeds(session, weights));
  }

  /** Mean loss of a batch in nats a word. */
  async run(batch: Batch): Promise<number> {
    const { loss } = await this.session.run({ ...this.weights, ...batchFeeds(batch) });
    return loss.data[0];
  }

  async release(): Promise<void> {
    await this.session.release();
  }
}

/**
 * Runs the training graph over batches: the loss, and the gradients in arrays that are made once. One
 * session serves all caption lengths, so its memory does not grow with them.
 */
export class Stepper {
  private readonly into: Record<string, FloatTensor | null> = { loss: null };
  /** Gradients of the last batch, by parameter name. */
  readonly gradients: Arrays;

  private constructor(
    private readonly session: Session,
    private readonly fixed: Feeds,
    private readonly masks: ReturnType<typeof trainingGraph>['masks'],
  ) {
    const gradients = new Map<string, Float32Array>();
    for (const { name, dims } of session.outputs) {
      if (!name.startsWith(GRADIENT)) continue;
      const shape = dims.map(Number);
      const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
      this.into[name] = { dims: shape, data };
      gradients.set(name.slice(GRADIENT.length), data);
    }
    this.gradients = gradients;
  }

  /** As `LossStepper.create`; with `silence` words that search never says are out of the softmax. */
  static async create(
    config: DecoderConfig,
    weights: Arrays,
    T: number,
    loss: LossOptions,
    options: SessionOptions = {},
  ): Promise<Stepper> {
    const graph = trainingGraph(config, T, loss);
    const bytes = emitOnnx(graph.outputs, { name: 'training-step' });
    const session = await Session.load(bytes, options, 'the training graph');
    const fixed = weightFeeds(session, weights);
    if (loss.silence) {
      const data = new Float32Array(config.vocabularySize);
      for (const word of UNSAID) data[word] = SILENT;
      fixed.silence = { dims: [data.length], data };
    }
    return new Stepper(session, fixed, graph.masks);
  }

  /** Mean loss of a batch in nats a word; afterwards `gradients` holds its gradients. */
  async run(batch: Batch, random: Random): Promise<number> {
    const feeds: Feeds = { ...this.fixed, ...batchFeeds(batch) };
    for (const { name, shape, rate } of this.masks) {
      const dims = shape.map((dim) =>
        dim === 'N' ? batch.words : dim === 'B' ? batch.captions : Number(dim),
      );
      feeds[name] = { dims, data: dropoutMask(dims[0] * dims[1], rate, random) };
    }
    const { loss } = await this.session.run(feeds, this.into);
    return loss.data[0];
  }

  async release(): Promise<void> {
    await this.session.release();
  }
}

function weightFeeds(session: Session, weights: Arrays): Feeds {
  const feeds: Feeds = {};
  for (const { name, dims } of session.inputs) {
    const data = weights.get(name);
    if (data) feeds[name] = { dims: dims.map(Number), data };
  }
  return feeds;
}

function batchFeeds({ captions: B, words: N, steps, image, inputs, targets, weights }: Batch): Feeds {
  return {
    image: { dims: [B, image.length / B], data: image },
    inputs: { dims: [N], data: inputs },
    targets: { dims: [N], data: targets },
    weights: { dims: [N], data: weights },
    steps: { dims: [steps.length], data: steps },
  };
}
