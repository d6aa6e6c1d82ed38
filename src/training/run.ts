import { join, resolve } from 'node:path';
import { writeFileAtomic } from '../files/atomic.ts';
import { writeModel } from '../library/model-folder.ts';
import type { SessionOptions } from '../onnx/session.ts';
import { Vocabulary } from '../text/vocabulary.ts';
import type { FeatureViews } from './batches.ts';
import { CaptionSet } from './caption-set.ts';
import { checkpointOf } from './folder.ts';
import type { History } from './history.ts';
import { watchedOf } from './judge.ts';
import type { Hooks } from './loop.ts';
import type { PreparedRun } from './plan.ts';
import { type EpochSummary, RUN_FILE, type RunRecord } from './run-record.ts';
import { type TrainingData, type TrainingResult, train } from './trainer.ts';

/** What a run came to. Its folder holds the model of its `best` epoch: none where that is null. */
export type RunResult = Omit<TrainingResult, 'weights'>;

/**
 * Trains and writes the model folder, with the checkpoint and the run's record beside it. A run that was
 * interrupted, or diverged, writes the model of its best epoch too, once one has been validated. The same run
 * gives the same model, also across a resume.
 */
export async function trainModel(
  out: string,
  run: PreparedRun,
  features: FeatureViews,
  session: SessionOptions = {},
  { resume = false, onEpoch, ...hooks }: Hooks & { readonly resume?: boolean } = {},
): Promise<RunResult> {
  const { plan, config, start } = run;
  const data = trainingData(run, features);
  const record = async (state: RunRecord['state'], history: History) => {
    const text = JSON.stringify(recordOf(run, state, history));
    await writeFileAtomic(join(out, RUN_FILE), `${text}\n`);
  };
  const { weights, ...result } = await train(config, data, plan.training, session, {
    ...hooks,
    start,
    checkpoint: checkpointOf(out),
    resume,
    onEpoch: async (history) => {
      await record('training', history);
      await onEpoch?.(history);
    },
  });
  await record(result.outcome.kind, result);
  if (result.best === null) return result;
  const { name, encoder, decoding } = plan;
  const manifest = { name, encoder, decoder: config, decoding, training: summary(run, result.best) };
  await writeModel(out, manifest, data.vocabulary, weights);
  return result;
}

/** What `train` takes, from a run and the vectors of its features. */
export function trainingData(run: PreparedRun, features: FeatureViews): TrainingData {
  return {
    source: JSON.stringify([run.plan.encoder, run.words, run.tokenizer]),
    vocabulary: new Vocabulary(run.words, run.tokenizer),
    features,
    train: new CaptionSet(run.train),
    validation: new CaptionSet(run.validation),
    text: new CaptionSet(run.text),
    images: run.validationImages,
  };
}

/** What `model.json` tells of the training: no times, so that the same run gives the same bytes. */
function summary(
  { plan, dataset, trainImages, validationImages, heldOut, train }: PreparedRun,
  { epoch, validationLoss, validationCider }: EpochSummary,
): Record<string, unknown> {
  return {
    dataset,
    trainImages,
    trainCaptions: train.images.length,
    validationImages: validationImages.length,
    validationHeldOut: heldOut,
    minCount: plan.minCount,
    ...plan.training,
    bestEpoch: epoch,
    validationLoss,
    validationPerplexity: Math.exp(validationLoss),
    validationCider,
  };
}

function recordOf(run: PreparedRun, state: RunRecord['state'], history: History): RunRecord {
  const { plan, config, dataset, trainImages, train, validationImages } = run;
  const { featureSize: _, vocabularySize, ...decoder } = config;
  const { best, epochs, curve, watched } = history;
  return {
    formatVersion: 1,
    name: plan.name,
    state,
    data: {
      dataset,
      trainImages,
      trainCaptions: train.images.length,
      validationImages: validationImages.length,
      vocabularySize,
      tokenizer: run.tokenizer,
    },
    encoder: plan.encoder.name,
    decoder,
    training: plan.training,
    bestEpoch: best?.epoch ?? null,
    epochs,
    curve,
    photos: watchedOf(validationImages).map(({ key, image, references }, i) => ({
      key,
      image: resolve(image),
      references,
      captions: epochs.map(({ epoch }, n) => ({ epoch, caption: watched[n][i] })),
    })),
  };
}
