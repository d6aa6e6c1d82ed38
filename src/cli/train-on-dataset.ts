import { basename, join, resolve } from 'node:path';
import { checkImages } from '../dataset/images.ts';
import { readDataset } from '../dataset/read.ts';
import { PRESETS } from '../decoder/config.ts';
import { UserError } from '../errors.ts';
import {
  DECODING_DEFAULTS,
  HOLDOUT,
  hasCheckpoint,
  prepareFolder,
  prepareRun,
  type TrainingPlan,
  type TrainingSplits,
  trainingSplits,
  trainModel,
} from '../training/run.ts';
import { TRAINING_DEFAULTS, type TrainingOptions } from '../training/trainer.ts';
import type { Encoder } from '../vision/encoder.ts';
import { type FeatureTable, readFeatures } from '../vision/feature-file.ts';
import { DEFAULT_ENCODER, extractWithProgress, loadEncoder } from './extraction.ts';
import { Interrupt } from './interrupt.ts';
import { count, duration, progress, say } from './terminal.ts';
import type { TrainFlags } from './train.ts';

/** Images encoded at a time. */
const BATCH = 16;

/** Data set -> features -> trained model folder, told on standard error. */
export async function trainOnDataset(flags: TrainFlags): Promise<void> {
  const { data, out, seed, imagesDir } = flags;
  const all = trainingSplits(await readDataset(data, { imagesDir }), seed);
  await prepareFolder(out, flags.resume ? 'resume' : flags.overwrite ? 'overwrite' : 'refuse');
  if (flags.resume && !hasCheckpoint(out)) say(`${out} has no checkpoint yet: starting from the beginning`);
  if (all.heldOut) {
    const share = `${100 * HOLDOUT} %`;
    say(
      `${all.dataset} has no val split: ${share} (${count(all.validation.length, 'image')}) held out for validation`,
    );
  }
  const interrupt = new Interrupt();
  try {
    const { encoder, table, splits } = await featuresFor(flags, all, interrupt);
    const plan: TrainingPlan = {
      name: flags.name ?? basename(resolve(out)),
      encoder,
      splits,
      features: { featureSize: table.featureSize, views: [table.data], rowOf: (key) => table.rowIndex(key) },
      decoder: decoderOf(flags),
      minCount: flags.minCount,
      training: trainingOptions(flags),
      decoding: DECODING_DEFAULTS,
    };
    await trainAndTell(plan, flags, interrupt);
  } finally {
    interrupt.stop();
  }
}

interface Features {
  readonly encoder: Encoder['definition'];
  readonly table: FeatureTable;
  /** Without the images that could not be read. */
  readonly splits: TrainingSplits;
}

/** Reads the features that were made before, or makes them. */
async function featuresFor(
  flags: TrainFlags,
  splits: TrainingSplits,
  interrupt: Interrupt,
): Promise<Features> {
  const given = flags.features === undefined ? undefined : await readFeatures(flags.features);
  const name = flags.encoder ?? given?.encoder ?? DEFAULT_ENCODER;
  const encoder = await loadEncoder(name, flags);
  try {
    if (given) {
      if (given.hash !== encoder.hash) {
        throw new UserError(
          `expected ${flags.features} to be made with encoder ${name} as it is here but got features of ${given.encoder} (${given.hash.slice(0, 12)} instead of ${encoder.hash.slice(0, 12)})`,
          { hint: 'extract the features again with caption features' },
        );
      }
      return { encoder: encoder.definition, table: given, splits };
    }
    return await extracted(encoder, flags.out, splits, interrupt);
  } finally {
    await encoder.release();
  }
}

async function extracted(
  encoder: Encoder,
  folder: string,
  splits: TrainingSplits,
  interrupt: Interrupt,
): Promise<Features> {
  const examples = [...splits.train, ...splits.validation];
  await checkImages({ name: splits.dataset, root: folder, examples });
  const images = examples.map(({ key, image }) => ({ key, source: image }));
  const out = join(folder, 'features.npy');
  const failures = await extractWithProgress({ encoder, images, out, batchSize: BATCH, interrupt });
  if (interrupt.any) say('interrupted before the training; the same command goes on where it stopped');
  interrupt.throwIfAny();
  const failed = new Set(failures.map(({ key }) => key));
  if (failed.size > 0) say(`${count(failed.size, 'image')} could not be read: left out`);
  const readable = (list: TrainingSplits['train']) => list.filter(({ key }) => !failed.has(key));
  return {
    encoder: encoder.definition,
    table: await readFeatures(out),
    splits: { ...splits, train: readable(splits.train), validation: readable(splits.validation) },
  };
}

async function trainAndTell(plan: TrainingPlan, flags: TrainFlags, interrupt: Interrupt): Promise<void> {
  const { out } = flags;
  const run = prepareRun(plan);
  const { cell, mode, layers, embeddingSize, hiddenSize, vocabularySize } = run.config;
  say(
    `${count(run.data.train.length, 'caption')} of ${count(plan.splits.train.length, 'image')}, ` +
      `${count(run.data.validation.length, 'caption')} for validation, ${count(vocabularySize, 'word')}; ` +
      `${cell} ${mode}, layers ${layers}, E ${embeddingSize}, H ${hiddenSize}`,
  );
  const result = await trainModel(out, plan, run, flags, {
    resume: flags.resume ?? false,
    signal: interrupt.signal,
    onProgress: ({ epoch, batch, batches, loss, captionsPerSecond, secondsLeft }) =>
      progress(
        `epoch ${epoch}/${plan.training.epochs}  batch ${batch}/${batches}  loss ${loss.toFixed(3)}  ` +
          `perplexity ${Math.exp(loss).toFixed(1)}  ${captionsPerSecond.toFixed(0)} captions/s  ` +
          `${duration(secondsLeft)} left`,
      ),
    onEpoch: ({ epoch, trainLoss, validationLoss, seconds }, best) =>
      say(
        `epoch ${epoch}: train ${lossAndPerplexity(trainLoss)}, validation ${lossAndPerplexity(validationLoss)}, ` +
          `${duration(seconds)}${best ? ', best so far' : ''}`,
      ),
  });
  if (result.interrupted) {
    say(
      result.written
        ? `interrupted; ${out} holds a checkpoint and the model of epoch ${result.epoch}`
        : `interrupted; ${out} holds a checkpoint, but no model of this run: no epoch is done yet`,
    );
    say(`go on with: ${resumeCommand()}`);
  }
  interrupt.throwIfAny();
  say(
    `wrote ${out}: epoch ${result.epoch}, validation ${lossAndPerplexity(result.validationLoss ?? Number.NaN)}`,
  );
  say(`try it: caption --model ${quoted(out)} photo.jpg`);
}

function decoderOf(flags: TrainFlags): TrainingPlan['decoder'] {
  const preset = PRESETS[flags.preset];
  return {
    cell: flags.cell ?? preset.cell,
    mode: flags.mode ?? preset.mode,
    layers: flags.layers ?? preset.layers,
    embeddingSize: flags.embeddingSize ?? preset.embeddingSize,
    hiddenSize: flags.hiddenSize ?? preset.hiddenSize,
  };
}

function trainingOptions(flags: TrainFlags): TrainingOptions {
  const { dropout } = TRAINING_DEFAULTS;
  return {
    epochs: flags.epochs,
    batchSize: flags.batchSize,
    learningRate: flags.learningRate,
    learningRateDecay: flags.learningRateDecay,
    clipNorm: flags.clipNorm,
    averaging: flags.averaging,
    dropout: {
      image: flags.dropoutImage ?? flags.dropout ?? dropout.image,
      embedding: flags.dropoutEmbedding ?? flags.dropout ?? dropout.embedding,
      output: flags.dropoutOutput ?? flags.dropout ?? dropout.output,
    },
    maxSteps: flags.maxSteps,
    patience: flags.patience,
    seed: flags.seed,
  };
}

function lossAndPerplexity(loss: number): string {
  return `loss ${loss.toFixed(3)} (perplexity ${Math.exp(loss).toFixed(2)})`;
}

/** The call that goes on with this one. */
function resumeCommand(): string {
  const args = process.argv.slice(2).filter((arg) => arg !== '--resume' && arg !== '--overwrite');
  return ['caption', ...args, '--resume'].map(quoted).join(' ');
}

/** An argument as a shell reads it. */
function quoted(arg: string): string {
  return /^[\w./:=@%+,-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`;
}
