import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CaptionedImage, Dataset } from '../dataset/example.ts';
import { bySplit, withHoldout } from '../dataset/split.ts';
import { checkDecoderConfig, type DecoderConfig } from '../decoder/config.ts';
import { messageOf, UserError } from '../errors.ts';
import type { Manifest } from '../library/manifest.ts';
import { MANIFEST, writeModel } from '../library/model-folder.ts';
import type { SessionOptions } from '../onnx/session.ts';
import type { Vocabulary } from '../text/vocabulary.ts';
import type { FeatureViews } from './batches.ts';
import type { TrainingOptions } from './options.ts';
import { captionExamples, trainingVocabulary } from './prepare.ts';
import { type Hooks, type TrainingData, type TrainingResult, train } from './trainer.ts';

/** Features of a data set's images, extracted before; a key's row is the same in every view. */
interface ImageFeatures extends FeatureViews {
  readonly rowOf: (key: string) => number | undefined;
}

/** Everything that decides what a training run comes to, but the seed's luck. */
export interface TrainingPlan {
  /** The model's name in its `model.json`. */
  readonly name: string;
  /** What made the features, with the SHA-256 of its files; photographs will be encoded by it. */
  readonly encoder: Manifest['encoder'];
  readonly splits: TrainingSplits;
  readonly features: ImageFeatures;
  readonly decoder: Omit<DecoderConfig, 'featureSize' | 'vocabularySize'>;
  /** Words seen fewer times in the training captions become `<unk>`. */
  readonly minCount: number;
  readonly training: TrainingOptions;
  readonly decoding: Manifest['decoding'];
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
 * A plan with its words counted and its captions turned into ids: all that training needs. The captions as
 * text can be let go, which take much more memory.
 */
export interface PreparedRun {
  readonly plan: Omit<TrainingPlan, 'splits' | 'features'>;
  readonly dataset: string;
  readonly trainImages: number;
  readonly validationImages: number;
  /** As in `TrainingSplits`. */
  readonly heldOut: boolean;
  readonly vocabulary: Vocabulary;
  readonly config: DecoderConfig;
  readonly data: TrainingData;
}

/** Makes the vocabulary (of the training captions only) and turns captions into ids. */
export function prepareRun({ splits, features, ...plan }: TrainingPlan): PreparedRun {
  const { name, encoder, decoder, minCount } = plan;
  const { dataset, train, validation, heldOut } = splits;
  const { featureSize, rowOf } = features;
  const vocabulary = trainingVocabulary(train, minCount);
  return {
    plan,
    dataset,
    trainImages: train.length,
    validationImages: validation.length,
    heldOut,
    vocabulary,
    config: checkDecoderConfig({ ...decoder, featureSize, vocabularySize: vocabulary.size }, name),
    data: {
      source: JSON.stringify([encoder, vocabulary.words]),
      features,
      train: captionExamples(train, vocabulary, rowOf),
      validation: captionExamples(validation, vocabulary, rowOf),
    },
  };
}

/** What to do about a model or a checkpoint that the output folder holds already. */
export type Existing = 'refuse' | 'resume' | 'overwrite';

const CHECKPOINT = 'checkpoint.safetensors';

/**
 * Makes the folder that a model will be written to. One that holds a model or a checkpoint is a UserError,
 * unless the run goes on with it (`resume`) or will write over both (`overwrite`).
 */
export async function prepareFolder(out: string, existing: Existing): Promise<void> {
  const checkpoint = hasCheckpoint(out);
  const model = existsSync(join(out, MANIFEST));
  if (existing === 'refuse' && (checkpoint || model)) {
    throw new UserError(
      `expected ${out} to hold no model yet but got ${checkpoint ? 'the checkpoint of a run' : 'a model'}`,
      { hint: '--resume goes on with that run, --overwrite starts again, or name another folder' },
    );
  }
  if (existing === 'resume' && !checkpoint && model) {
    throw new UserError(`expected ${join(out, CHECKPOINT)} to resume from but there is only a model`, {
      hint: '--overwrite trains it again from the start',
    });
  }
  try {
    await mkdir(out, { recursive: true });
  } catch (error) {
    throw new UserError(`cannot write to the folder ${out}: ${messageOf(error)}`, { cause: error });
  }
}

/** Whether a run in this folder has a checkpoint to go on from. */
export function hasCheckpoint(out: string): boolean {
  return existsSync(join(out, CHECKPOINT));
}

/**
 * Trains and writes the model folder, with the checkpoint beside it. An interrupted run writes the model
 * too, once an epoch has been validated. The same plan gives the same bytes, also across a resume.
 *
 * @returns `written` is false where an interrupted run had no epoch to write
 */
export async function trainModel(
  out: string,
  run: PreparedRun,
  session: SessionOptions = {},
  hooks: Omit<Hooks, 'checkpoint'> = {},
): Promise<TrainingResult & { readonly written: boolean }> {
  const { plan, vocabulary, config, data } = run;
  const result = await train(config, data, plan.training, session, {
    ...hooks,
    checkpoint: join(out, CHECKPOINT),
  });
  const written = result.validationLoss !== null || !result.interrupted;
  if (written) {
    const { name, encoder, decoding } = plan;
    const manifest = { name, encoder, decoder: config, decoding, training: summary(run, result) };
    await writeModel(out, manifest, vocabulary, result.weights);
  }
  return { ...result, written };
}

/** What `model.json` tells of the training: no times, so that the same run gives the same bytes. */
function summary(
  { plan, dataset, trainImages, validationImages, heldOut, data }: PreparedRun,
  { epoch, validationLoss }: TrainingResult,
): Record<string, unknown> {
  return {
    dataset,
    trainImages,
    trainCaptions: data.train.length,
    validationImages,
    validationHeldOut: heldOut,
    minCount: plan.minCount,
    ...plan.training,
    bestEpoch: epoch,
    validationLoss,
    validationPerplexity: validationLoss === null ? null : Math.exp(validationLoss),
  };
}
