import { basename, resolve } from 'node:path';
import { readDataset } from '../dataset/read.ts';
import { PRESETS } from '../decoder/config.ts';
import { TRAINING_DEFAULTS, type TrainingOptions } from '../training/options.ts';
import {
  DECODING_DEFAULTS,
  HOLDOUT,
  hasCheckpoint,
  type PreparedRun,
  prepareFolder,
  prepareRun,
  type TrainingPlan,
  type TrainingSplits,
  trainingSplits,
  trainModel,
} from '../training/run.ts';
import type { FeatureTable } from '../vision/feature-table.ts';
import { Interrupt } from './interrupt.ts';
import { count, duration, progress, say } from './terminal.ts';
import type { TrainFlags } from './train.ts';
import { checkFeatureFlags, featuresFor } from './training-features.ts';

/** Data set -> features -> trained model folder, told on standard error. */
export async function trainOnDataset(flags: TrainFlags): Promise<void> {
  checkFeatureFlags(flags);
  let splits: TrainingSplits | undefined = await readSplits(flags);
  const interrupt = new Interrupt();
  const opened: FeatureTable[] = [];
  try {
    const run = await prepared(flags, splits, interrupt, opened);
    // Captions as text are no longer needed: they would take memory, and the garbage collector's time.
    splits = undefined;
    await trainAndTell(run, flags, interrupt);
  } finally {
    interrupt.stop();
    for (const table of opened) await table.close();
  }
}

async function readSplits(flags: TrainFlags): Promise<TrainingSplits> {
  const { data, out, imagesDir } = flags;
  const splits = trainingSplits(await readDataset(data, { imagesDir }));
  await prepareFolder(out, flags.resume ? 'resume' : flags.overwrite ? 'overwrite' : 'refuse');
  if (flags.resume && !hasCheckpoint(out)) say(`${out} has no checkpoint yet: starting from the beginning`);
  if (splits.heldOut) {
    const share = `${100 * HOLDOUT} % (${count(splits.validation.length, 'image')})`;
    say(`${splits.dataset} has no val split: ${share} held out for validation`);
  }
  return splits;
}

async function prepared(
  flags: TrainFlags,
  all: TrainingSplits,
  interrupt: Interrupt,
  opened: FeatureTable[],
): Promise<PreparedRun> {
  const { encoder, features, splits } = await featuresFor(flags, all, interrupt, opened);
  return prepareRun({
    name: flags.name ?? basename(resolve(flags.out)),
    encoder,
    splits,
    features,
    decoder: decoderOf(flags),
    minCount: flags.minCount,
    training: trainingOptions(flags),
    decoding: DECODING_DEFAULTS,
  });
}

async function trainAndTell(run: PreparedRun, flags: TrainFlags, interrupt: Interrupt): Promise<void> {
  const { out } = flags;
  const { cell, mode, layers, embeddingSize, hiddenSize, vocabularySize } = run.config;
  say(
    `${count(run.data.train.length, 'caption')} of ${count(run.trainImages, 'image')}, ` +
      `${count(run.data.validation.length, 'caption')} for validation, ${count(vocabularySize, 'word')}; ` +
      `${cell} ${mode}, layers ${layers}, E ${embeddingSize}, H ${hiddenSize}`,
  );
  const result = await trainModel(out, run, flags, {
    resume: flags.resume ?? false,
    signal: interrupt.signal,
    onProgress: ({ epoch, batch, batches, loss, captionsPerSecond, secondsLeft }) =>
      progress(
        `epoch ${epoch}/${run.plan.training.epochs}  batch ${batch}/${batches}  loss ${loss.toFixed(3)}  ` +
          `perplexity ${Math.exp(loss).toFixed(1)}  ${captionsPerSecond.toFixed(0)} captions/s  ` +
          `${duration(secondsLeft)} left`,
      ),
    onEpoch: ({ epoch, trainLoss, validationLoss, seconds }, best) =>
      say(
        `epoch ${epoch}: train ${lossAndPerplexity(trainLoss)}, validation ${lossAndPerplexity(validationLoss)}, ` +
          `${duration(seconds)}${best ? ', best so far' : ''}`,
      ),
  });
  if (!result.interrupted) {
    const { epoch, validationLoss } = result;
    say(`wrote ${out}: epoch ${epoch}, validation ${lossAndPerplexity(validationLoss ?? Number.NaN)}`);
    say(`try it: caption --model ${quoted(out)} photo.jpg`);
  } else {
    say(
      result.written
        ? `interrupted; ${out} holds a checkpoint and the model of epoch ${result.epoch}`
        : `interrupted; ${out} holds a checkpoint, but no model of this run: no epoch is done yet`,
    );
    say(`go on with: ${resumeCommand()}`);
  }
  // Ctrl-C may also have come when all was done but the writing.
  interrupt.throwIfAny();
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
