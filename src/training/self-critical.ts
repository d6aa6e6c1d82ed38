import { OnnxDecoder } from '../captioning/onnx-decoder.ts';
import { search } from '../captioning/search.ts';
import { searchOptions } from '../captioning/search-options.ts';
import type { DecoderConfig } from '../decoder/config.ts';
import { UserError } from '../errors.ts';
import { CiderD } from '../evaluation/cider.ts';
import { type Sentence, sentence } from '../evaluation/sentence.ts';
import type { SessionOptions } from '../onnx/session.ts';
import { Random } from '../random.ts';
import { PAD, START, UNK, type Vocabulary } from '../text/vocabulary.ts';
import { assembleBatch, type FeatureRows, type FeatureViews } from './batches.ts';
import { type Arrays, adamInit, adamUpdate, clipScale, globalNorm } from './optimizer.ts';
import { Stepper } from './stepper.ts';

export interface SelfCriticalOptions {
  readonly epochs: number;
  /** Images of one step. */
  readonly images: number;
  /** Captions drawn for each image; each is compared with the mean of the others. */
  readonly samples: number;
  readonly learningRate: number;
  readonly clipNorm: number;
  /** T */
  readonly maxSteps: number;
  readonly seed: number;
}

/** A photograph and what people said of it. */
export interface RewardedImage {
  /** Its row in the features. */
  readonly row: number;
  /** Tokenized references. */
  readonly references: readonly (readonly string[])[];
}

export interface SelfCriticalHooks {
  /** Mean CIDEr-D of the epoch's samples so far, from 0 to about 10. */
  readonly onProgress?: (epoch: number, images: number, reward: number) => void;
  /** After every epoch, with the weights as they are: what they are worth on validation images. */
  readonly validate: (decoder: OnnxDecoder) => Promise<number>;
  readonly onEpoch?: (epoch: number, reward: number, validation: number) => void;
}

/** Words that search never says. */
const UNSAID = [PAD, START, UNK];

/** Makes a word's probability exactly 0. */
const SILENT = -1e4;

/** The word that ends a caption, as the reward sees it: without it captions would learn to break off. */
const ENDING = '<end>';

/**
 * Self-critical sequence training (Rennie et al. 2017) with the mean of an image's other samples as the
 * baseline (Luo 2020): captions are drawn from the model, and those with a higher CIDEr-D than their
 * siblings are made likelier, the others less likely. Starts from weights trained with cross-entropy, which
 * it changes in place (use what it returns), and returns those of the epoch that validated best (the start included).
 */
export async function trainSelfCritical(
  config: DecoderConfig,
  weights: Arrays,
  images: readonly RewardedImage[],
  features: FeatureViews,
  vocabulary: Vocabulary,
  options: SelfCriticalOptions,
  session: SessionOptions,
  hooks: SelfCriticalHooks,
): Promise<Arrays> {
  if (options.samples < 2) {
    throw new UserError(`expected at least 2 samples an image to compare but got ${options.samples}`);
  }
  const tokens = images.map(({ row, references }) => [row, references.map(rewarded)] as const);
  const cider = new CiderD(new Map(tokens));
  const none = { image: 0, embedding: 0, output: 0 };
  const stepper = await Stepper.create(config, weights, options.maxSteps, none, session);
  const decoder = await OnnxDecoder.ofWeights(config, weights, session);
  try {
    const adam = adamInit(weights);
    const root = new Random(options.seed);
    // Samples are drawn from the words that search says, so the gradient must be that of this distribution:
    // with mass on <unk> it would not vanish on average, and training would run away.
    const bias = weights.get('output.b')!;
    const unsaid = UNSAID.map((word) => bias[word]);
    for (const word of UNSAID) bias[word] = SILENT;
    const copy = () => {
      const copies = new Map([...weights].map(([name, values]) => [name, values.slice()]));
      UNSAID.forEach((word, i) => {
        copies.get('output.b')![word] = unsaid[i];
      });
      return copies;
    };
    let best = { weights: copy(), validation: await hooks.validate(decoder) };
    hooks.onEpoch?.(0, 0, best.validation);

    for (let epoch = 1; epoch <= options.epochs; epoch++) {
      const random = root.fork(epoch);
      const order = images
        .map((image) => ({ image, place: random.next() }))
        .sort((a, b) => a.place - b.place)
        .map(({ image }) => image);
      let total = 0;
      let drawn = 0;
      for (let from = 0; from < order.length; from += options.images) {
        const part = order.slice(from, from + options.images);
        const view = features.views[random.int(features.views.length)];
        const samples = await draw(decoder, part, view, features.featureSize, options, random);
        const examples = part.flatMap(({ row }, i) => {
          const rewards = samples[i].map((words) =>
            cider.score(row, rewarded(vocabulary.decode(words).split(' '))),
          );
          total += rewards.reduce((a, b) => a + b);
          drawn += rewards.length;
          return samples[i].map((words, k) => ({ image: row, words, weight: advantages(rewards)[k] }));
        });
        const batch = assembleBatch(examples, { ...features, views: [view] }, options.maxSteps);
        await stepper.run(batch, random);
        const norm = globalNorm(stepper.gradients);
        if (!Number.isFinite(norm)) {
          throw new UserError(`the gradients became ${norm} in self-critical epoch ${epoch}`, {
            hint: 'try a lower learning rate',
          });
        }
        adamUpdate(weights, stepper.gradients, adam, options.learningRate, clipScale(norm, options.clipNorm));
        hooks.onProgress?.(epoch, from + part.length, total / drawn);
        await new Promise((resolve) => setImmediate(resolve));
      }
      const validation = await hooks.validate(decoder);
      hooks.onEpoch?.(epoch, total / drawn, validation);
      if (validation > best.validation) best = { weights: copy(), validation };
    }
    return best.weights;
  } finally {
    await stepper.release();
    await decoder.release();
  }
}

/** A caption as the reward sees it. */
function rewarded(words: readonly string[]): Sentence {
  return sentence([...words, ENDING]);
}

/** How much better each sample of an image is than the mean of the others. */
export function advantages(rewards: readonly number[]): number[] {
  const sum = rewards.reduce((a, b) => a + b, 0);
  return rewards.map((reward) => reward - (sum - reward) / (rewards.length - 1));
}

/** Captions drawn from the model as it is now, as word ids: `samples` for each image. */
async function draw(
  decoder: OnnxDecoder,
  images: readonly RewardedImage[],
  view: FeatureRows,
  F: number,
  { samples, maxSteps }: SelfCriticalOptions,
  random: Random,
): Promise<(readonly number[])[][]> {
  const features = new Float32Array(images.length * F);
  for (const [i, { row }] of images.entries()) view.copyRow(row, features, i * F);
  const options = searchOptions({
    sample: true,
    count: samples,
    // One step is left for <end>.
    maxLength: maxSteps - 1,
    seed: random.bits(),
  });
  const found = await search(decoder, features, images.length, options);
  return found.map((hypotheses) => hypotheses.map(({ tokens }) => tokens));
}
