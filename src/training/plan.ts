import type { CaptionedImage, Dataset } from '../dataset/example.ts';
import { bySplit, withHoldout } from '../dataset/split.ts';
import { checkDecoderConfig, type DecoderConfig, type DecoderShape } from '../decoder/config.ts';
import type { Manifest } from '../library/manifest.ts';
import { TOKENIZER_TABLE, type TokenizerName } from '../text/tokenizer.ts';
import { buildVocabulary, type Vocabulary } from '../text/vocabulary.ts';
import type { CaptionArrays } from './caption-set.ts';
import { captionExamples, textExamples } from './examples.ts';
import type { ValidationImage } from './judge.ts';
import type { Arrays } from './optimizer.ts';
import type { TrainingOptions } from './options.ts';

/** Everything that decides what a training run comes to, but the seed's luck. */
export interface TrainingPlan {
  /** The model's name in its `model.json`. */
  readonly name: string;
  /** What made the features, with the SHA-256 of its files; photographs will be encoded by it. */
  readonly encoder: Manifest['encoder'];
  readonly splits: TrainingSplits;
  readonly features: ImageFeatures;
  /** Captions without photographs, for `textEpochs`; their words add nothing to the vocabulary. */
  readonly text?: readonly string[];
  readonly decoder: DecoderShape;
  /** What the decoder reads and writes, words by default; a `start` brings its own. */
  readonly tokenizer?: TokenizerName | undefined;
  /** Words seen fewer times in the training captions become `<unk>`. */
  readonly minCount: number;
  readonly training: TrainingOptions;
  readonly decoding: Manifest['decoding'];
  /** A model to go on from, with the same decoder: its weights, and its words instead of the captions'. */
  readonly start?: { readonly vocabulary: Vocabulary; readonly weights: Arrays };
}

/** Features of a data set's images, extracted before; a key's row is the same in every view. */
interface ImageFeatures {
  /** F */
  readonly featureSize: number;
  readonly rowOf: (key: string) => number | undefined;
}

/** Images to learn from and images to stop by. */
export interface TrainingSplits {
  /** Name of the data set. */
  readonly dataset: string;
  readonly train: readonly CaptionedImage[];
  readonly validation: readonly CaptionedImage[];
  /** Whether the validation images were held out of the training images, for want of a split. */
  readonly heldOut: boolean;
}

/** Search settings of a model for which nobody has tried others. */
export const DECODING_DEFAULTS: Manifest['decoding'] = {
  beam: 3,
  minLength: 1,
  maxLength: 20,
  lengthPenalty: 0,
};

/** Share of the training images held out for validation where a data set names none. */
export const HOLDOUT = 0.05;

/** Fixed, so that runs with different seeds are validated on the same images. */
const HOLDOUT_SEED = 1;

/** Images of no split are for training; without validation images, `HOLDOUT` of the training images are. */
export function trainingSplits(dataset: Dataset): TrainingSplits {
  const examples = dataset.examples.map((example) => ({ ...example, split: example.split ?? 'train' }));
  const heldOut = !examples.some(({ split }) => split === 'val');
  const named = { ...dataset, examples };
  const whole = heldOut ? withHoldout(named, HOLDOUT, HOLDOUT_SEED) : named;
  return {
    dataset: dataset.name,
    train: bySplit(whole, 'train'),
    validation: bySplit(whole, 'val'),
    heldOut,
  };
}

/**
 * A plan with its words counted and its captions turned into ids: all that training needs besides the feature
 * vectors, as plain data that can be sent to another thread. The training captions as text can be let go,
 * which take much more memory.
 */
export interface PreparedRun {
  readonly plan: Pick<TrainingPlan, 'name' | 'encoder' | 'minCount' | 'training' | 'decoding'>;
  readonly dataset: string;
  readonly trainImages: number;
  /** As in `TrainingSplits`. */
  readonly heldOut: boolean;
  /** The vocabulary in id order. */
  readonly words: readonly string[];
  readonly tokenizer: TokenizerName;
  readonly config: DecoderConfig;
  readonly train: CaptionArrays;
  readonly validation: CaptionArrays;
  readonly text: CaptionArrays;
  readonly validationImages: readonly ValidationImage[];
  readonly start: Arrays | null;
}

/** Makes the vocabulary (of the training captions only) and turns captions into ids. */
export function prepareRun(plan: TrainingPlan): PreparedRun {
  const { name, encoder, minCount, training, decoding, start, tokenizer = 'word' } = plan;
  const { dataset, train, validation, heldOut } = plan.splits;
  const { featureSize, rowOf } = plan.features;
  const vocabulary = start?.vocabulary ?? buildVocabulary(tokenized(train, tokenizer), minCount, tokenizer);
  return {
    plan: { name, encoder, minCount, training, decoding },
    dataset,
    trainImages: train.length,
    heldOut,
    words: vocabulary.words,
    tokenizer: vocabulary.tokenizer,
    config: checkDecoderConfig({ ...plan.decoder, featureSize, vocabularySize: vocabulary.size }, name),
    train: captionExamples(train, vocabulary, rowOf).arrays,
    validation: captionExamples(validation, vocabulary, rowOf).arrays,
    text: textExamples(plan.text ?? [], vocabulary).arrays,
    validationImages: validation.map(({ key, image, captions }) => ({
      key,
      image,
      row: rowOf(key)!,
      references: captions,
    })),
    start: start?.weights ?? null,
  };
}

/** One caption after the other: the words of all at once would take far more memory than their counts. */
function* tokenized(images: readonly CaptionedImage[], tokenizer: TokenizerName): Generator<string[]> {
  for (const { captions } of images) yield* captions.map(TOKENIZER_TABLE[tokenizer].split);
}
