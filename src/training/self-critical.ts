import { search } from '../captioning/search.ts';
import { searchOptions } from '../captioning/search-options.ts';
import type { StepDecoder } from '../captioning/step-decoder.ts';
import { CiderD } from '../evaluation/cider.ts';
import { type Sentence, sentence } from '../evaluation/sentence.ts';
import type { Random } from '../random.ts';
import { END, UNK, type Vocabulary } from '../text/vocabulary.ts';
import {
  assembleBatch,
  type CaptionExample,
  type FeatureRows,
  type FeatureViews,
  shuffle,
  stackedRows,
} from './batches.ts';
import type { CaptionSet } from './caption-set.ts';
import type { Objective } from './objective.ts';
import type { TrainingOptions } from './options.ts';

/**
 * Self-critical sequence training (Rennie et al. 2017) with the mean of an image's other samples as the
 * baseline (Luo 2020): captions are drawn from the model, and those with a higher CIDEr-D than their
 * siblings are made likelier, the others less likely. Goes on from weights trained with cross-entropy. With
 * `wordShare` people's captions are learnt beside, which keeps the language whole (Wu et al. 2016, equation 9).
 */
export class SelfCritical<State> implements Objective {
  readonly stage = 'self-critical';
  private readonly images: readonly number[];
  private readonly cider: CiderD<number>;
  /** People's captions of each image, for `wordShare`. */
  private readonly spoken = new Map<number, (readonly number[])[]>();

  /**
   * @param captions what people said of the images: the references of the reward
   * @param decoder the model as it is now
   */
  constructor(
    captions: CaptionSet,
    private readonly features: FeatureViews,
    private readonly vocabulary: Vocabulary,
    private readonly options: TrainingOptions,
    private readonly decoder: StepDecoder<State>,
  ) {
    const references = new Map<number, Sentence[]>();
    for (let i = 0; i < captions.length; i++) {
      const { image, words } = captions.at(i);
      if (image === null) continue;
      // The softmax leaves <unk> out, so it can't be learnt.
      if (!words.includes(UNK)) this.spoken.set(image, [...(this.spoken.get(image) ?? []), words]);
      const known = references.get(image);
      if (known) known.push(this.rewarded(words));
      else references.set(image, [this.rewarded(words)]);
    }
    this.images = [...references.keys()];
    this.cider = new CiderD(references);
  }

  /** `batchSize` captions are drawn for a batch, `samples` an image. */
  batches(random: Random): number[][] {
    const { batchSize, samples } = this.options;
    const size = Math.max(1, Math.floor(batchSize / samples));
    const order = shuffle([...this.images], random);
    const batches: number[][] = [];
    for (let i = 0; i < order.length; i += size) batches.push(order.slice(i, i + size));
    return batches;
  }

  async assemble(rows: readonly number[], random: Random) {
    const { features, options } = this;
    // The captions are learnt in the view that they were drawn in.
    const view = features.views[random.int(features.views.length)];
    const samples = await this.draw(rows, view, random);
    let total = 0;
    const examples = rows.flatMap((row, i) => {
      const rewards = samples[i].map((words) => this.cider.score(row, this.rewarded(words)));
      for (const reward of rewards) total += reward;
      const weights = advantages(rewards);
      return samples[i].map((words, k): CaptionExample => ({ image: row, words, weight: weights[k] }));
    });
    const drawn = examples.length;
    if (options.wordShare > 0) {
      for (const row of rows) {
        const spoken = this.spoken.get(row) ?? [];
        examples.push(...spoken.map((words) => ({ image: row, words, weight: options.wordShare })));
      }
    }
    const batch = assembleBatch(examples, { ...features, views: [view] }, options.maxSteps);
    return { batch, reward: total / drawn };
  }

  /** A caption as the reward sees it: its end is a word, without which captions would learn to break off. */
  private rewarded(words: readonly number[]): Sentence {
    return sentence([...(this.vocabulary.decode(words).match(/\S+/g) ?? []), this.vocabulary.words[END]]);
  }

  /** Captions drawn from the model, as word ids: `samples` for each image. */
  private async draw(
    rows: readonly number[],
    view: FeatureRows,
    random: Random,
  ): Promise<(readonly number[])[][]> {
    const features = stackedRows(view, rows, this.features.featureSize);
    const options = searchOptions({
      sample: true,
      count: this.options.samples,
      // One step is left for <end>.
      maxLength: this.options.maxSteps - 1,
      seed: random.bits(),
    });
    const found = await search(this.decoder, features, rows.length, options);
    return found.map((hypotheses) => hypotheses.map(({ tokens }) => tokens));
  }
}

/** How much better each sample of an image is than the mean of the others. */
export function advantages(rewards: readonly number[]): number[] {
  const sum = rewards.reduce((a, b) => a + b, 0);
  return rewards.map((reward) => reward - (sum - reward) / (rewards.length - 1));
}
