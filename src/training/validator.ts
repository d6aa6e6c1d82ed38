import { OnnxDecoder } from '../captioning/onnx-decoder.ts';
import type { DecoderConfig } from '../decoder/config.ts';
import type { SessionOptions } from '../onnx/session.ts';
import { Random } from '../random.ts';
import { assembleBatch, epochBatches } from './batches.ts';
import { type Judgement, judge } from './judge.ts';
import type { Arrays } from './optimizer.ts';
import { LossStepper } from './stepper.ts';
import type { TrainingData } from './trainer.ts';

/** What the validation images say of some weights. */
interface Validation extends Judgement {
  /** Mean loss of their captions, nats a word, without dropout. */
  readonly loss: number;
}

/** Measures weights on the validation images: how surprising people's captions are, and what its own are worth. */
export class Validator {
  private constructor(
    private readonly data: TrainingData,
    private readonly batchSize: number,
    private readonly T: number,
    private readonly stepper: LossStepper,
    private readonly decoder: OnnxDecoder,
  ) {}

  /** @param weights read anew at every run */
  static async create(
    config: DecoderConfig,
    weights: Arrays,
    data: TrainingData,
    { batchSize, maxSteps }: { readonly batchSize: number; readonly maxSteps: number },
    session: SessionOptions,
  ): Promise<Validator> {
    const stepper = await LossStepper.create(config, weights, maxSteps, session);
    const decoder = await OnnxDecoder.ofWeights(config, weights, session);
    return new Validator(data, batchSize, maxSteps, stepper, decoder);
  }

  /** @param stopped asked between batches; true ends the work, with null */
  async run(stopped: () => Promise<boolean>): Promise<Validation | null> {
    const loss = await this.loss(stopped);
    if (loss === null) return null;
    // Weights that give no number can't caption: the caller sees it by the loss.
    if (!Number.isFinite(loss)) return { loss, cider: 0, distinct: 0, watched: [] };
    const { images, features, vocabulary } = this.data;
    const judgement = await judge(this.decoder, images, features, vocabulary, this.T, stopped);
    return judgement && { loss, ...judgement };
  }

  private async loss(stopped: () => Promise<boolean>): Promise<number | null> {
    const { validation, features } = this.data;
    let total = 0;
    let words = 0;
    // The order doesn't matter for a sum; bucketing only saves time.
    for (const captions of epochBatches(validation, this.batchSize, new Random(0))) {
      const examples = captions.map((i) => validation.at(i));
      const batch = assembleBatch(examples, features, this.T);
      total += (await this.stepper.run(batch)) * batch.words;
      words += batch.words;
      if (await stopped()) return null;
    }
    return total / words;
  }

  async release(): Promise<void> {
    await this.stepper.release();
    await this.decoder.release();
  }
}
