import type { StepDecoder } from '../captioning/step-decoder.ts';
import type { Random } from '../random.ts';
import { assembleBatch, epochBatches, type FeatureViews } from './batches.ts';
import type { CaptionSet } from './caption-set.ts';
import { addFeatureNoise, dropWords } from './noise.ts';
import type { Objective } from './objective.ts';
import type { TrainingOptions } from './options.ts';
import { mixInOwnWords } from './scheduled-sampling.ts';

/** Teacher forcing: each word of each caption is predicted from the true words before it. */
export class CrossEntropy<State> implements Objective {
  /** @param decoder the model as it is now; for scheduled sampling */
  constructor(
    readonly stage: 'text' | 'cross-entropy',
    private readonly captions: CaptionSet,
    private readonly features: FeatureViews,
    private readonly options: TrainingOptions,
    private readonly decoder: StepDecoder<State> | null,
  ) {}

  batches(random: Random): number[][] {
    return epochBatches(this.captions, this.options.batchSize, random);
  }

  async assemble(numbers: readonly number[], random: Random, progress: number) {
    const { captions, features, options, decoder } = this;
    const examples = numbers.map((i) => captions.at(i));
    const batch = assembleBatch(examples, features, options.maxSteps, random);
    if (options.featureNoise > 0) {
      addFeatureNoise(batch.image, features.featureSize, options.featureNoise, random);
    }
    const share = progress * options.scheduledSampling;
    if (decoder && share > 0) await mixInOwnWords(batch, decoder, share, random);
    if (options.wordDropout > 0) dropWords(batch.inputs, options.wordDropout, random);
    return { batch, reward: null };
  }
}
