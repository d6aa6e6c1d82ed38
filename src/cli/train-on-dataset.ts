import { realpath } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { readDataset } from '../dataset/read.ts';
import { readTextCaptions } from '../dataset/text.ts';
import { checkDecoderParts } from '../decoder/config.ts';
import { UserError } from '../errors.ts';
import type { Manifest } from '../library/manifest.ts';
import { findModel, type ModelFolder, readModel } from '../library/model-folder.ts';
import { modelWeights } from '../library/model-weights.ts';
import { writeRunReport } from '../report/run-report.ts';
import { TOKENIZER_TABLE } from '../text/tokenizer.ts';
import { hasCheckpoint, prepareFolder } from '../training/folder.ts';
import {
  DECODING_DEFAULTS,
  HOLDOUT,
  type PreparedRun,
  prepareRun,
  type TrainingSplits,
  trainingSplits,
} from '../training/plan.ts';
import type { RunResult } from '../training/run.ts';
import { encoderHash } from '../vision/encoder.ts';
import { decoderOf, expectDecoder } from './decoder-flags.ts';
import { openViews } from './feature-views.ts';
import { Interrupt } from './interrupt.ts';
import { count, say } from './terminal.ts';
import type { TrainFlags } from './train.ts';
import { trainBeside } from './train-beside.ts';
import { checkFeatureFlags, featuresFor } from './training-features.ts';
import { checkTrainingFlags, trainingOptions } from './training-flags.ts';
import { TrainingLog } from './training-log.ts';

/** Data set -> features -> trained model folder, told on standard error. */
export async function trainOnDataset(flags: TrainFlags): Promise<void> {
  checkFeatureFlags(flags);
  checkTrainingFlags(flags);
  if (flags.init === undefined) checkDecoderParts(decoderOf(flags), 'the decoder');
  const interrupt = new Interrupt();
  try {
    const { run, features } = await prepared(flags, interrupt);
    const result = await trained(run, features, flags, interrupt);
    await tellResult(result, flags);
    // Ctrl-C may also have come when all was done but the writing.
    interrupt.throwIfAny();
  } finally {
    interrupt.stop();
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

/** Everything that the training reads; captions as text are let go with this call. */
async function prepared(
  flags: TrainFlags,
  interrupt: Interrupt,
): Promise<{ run: PreparedRun; features: readonly string[] }> {
  const start = flags.init === undefined ? undefined : await startFrom(flags.init, flags);
  const text = flags.text === undefined ? [] : await readTextCaptions(flags.text);
  const given = { ...flags, encoder: flags.encoder ?? start?.manifest.encoder.name };
  const { encoder, files, splits } = await featuresFor(given, await readSplits(flags), interrupt);
  if (start) expectEncoder(start, encoder);
  const training = trainingOptions({ ...flags, tokenizer: start?.vocabulary.tokenizer ?? flags.tokenizer });
  const views = await openViews(files);
  try {
    const run = prepareRun({
      name: flags.name ?? basename(resolve(flags.out)),
      encoder,
      splits,
      features: views,
      text,
      decoder: start?.manifest.decoder ?? decoderOf(flags),
      tokenizer: flags.tokenizer,
      minCount: flags.minCount,
      training,
      decoding: start?.manifest.decoding ?? { ...DECODING_DEFAULTS, maxLength: training.maxSteps },
      ...(start && { start: { vocabulary: start.vocabulary, weights: modelWeights(start) } }),
    });
    return { run, features: files };
  } finally {
    await views.close();
  }
}

/** The model that `--init` names. */
async function startFrom(name: string, flags: TrainFlags): Promise<ModelFolder> {
  const path = await findModel(name);
  // The start is a part of the run that --resume goes on with, so it must not be written over.
  if ((await realpath(flags.out).catch(() => undefined)) === (await realpath(path))) {
    throw new UserError(
      `expected --out to be another folder than that of --init but got ${flags.out} for both`,
    );
  }
  const model = await readModel(path);
  expectDecoder(model, flags, name);
  return model;
}

function expectEncoder({ path, manifest }: ModelFolder, encoder: Manifest['encoder']): void {
  if (encoderHash(manifest.encoder) === encoderHash(encoder)) return;
  throw new UserError(
    `expected features of the encoder of ${path}, ${manifest.encoder.name}, but got those of ${encoder.name}`,
    { hint: 'a model goes on learning from the vectors that it knows' },
  );
}

async function trained(
  run: PreparedRun,
  features: readonly string[],
  flags: TrainFlags,
  interrupt: Interrupt,
): Promise<RunResult> {
  const { out, threads, device, resume = false } = flags;
  const { cell, mode, layers, embeddingSize, hiddenSize, vocabularySize } = run.config;
  const { unit } = TOKENIZER_TABLE[run.tokenizer];
  say(
    `${count(run.train.images.length, 'caption')} of ${count(run.trainImages, 'image')}, ` +
      `${count(run.validation.images.length, 'caption')} for validation, ${count(vocabularySize, unit)}; ` +
      `${cell} ${mode}, layers ${layers}, E ${embeddingSize}, H ${hiddenSize}`,
  );
  const session = { ...(threads && { threads }), ...(device && { device }) };
  const log = new TrainingLog();
  return trainBeside({ out, run, features, session, resume }, { signal: interrupt.signal, ...log });
}

async function tellResult({ outcome, best }: RunResult, flags: TrainFlags): Promise<void> {
  const { out } = flags;
  if (best) await tellReport(out);
  switch (outcome.kind) {
    case 'finished':
      say(`wrote ${out}: ${TrainingLog.summaryOf(best!)}`);
      say(`try it: caption --model ${quoted(out)} photo.jpg`);
      return;
    case 'interrupted':
      say(
        best
          ? `interrupted; ${out} holds a checkpoint and the model of epoch ${best.epoch}`
          : `interrupted; ${out} holds a checkpoint, but no model of this run: no epoch is done yet`,
      );
      say(`go on with: ${resumeCommand()}`);
      return;
    case 'diverged':
      throw diverged(outcome.complaint, flags, best?.epoch ?? null);
  }
}

/** Writes the run's page. Where that fails, the model is there all the same and the page can be made later. */
async function tellReport(out: string): Promise<void> {
  try {
    say(`wrote ${await writeRunReport(out)}`);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    say(`no report: ${error.message}`);
    say(`hint: caption report ${quoted(out)} --out <file.html> writes it elsewhere`);
  }
}

/** What became of a training whose loss is no number or exploded, and what to try. */
function diverged(complaint: string, flags: TrainFlags, epoch: number | null): UserError {
  const { out, learningRate, clipNorm, warmup } = flags;
  const lower = Number((learningRate / 3).toPrecision(1));
  const tries =
    `a lower --learning-rate (${lower} rather than ${learningRate}), ` +
    `${clipNorm > 0 ? 'a smaller --clip-norm' : '--clip-norm 5'}, or ` +
    `${warmup > 0 ? 'a longer --warmup' : '--warmup 500'}`;
  return new UserError(`the training went astray: ${complaint}`, {
    hint:
      epoch === null
        ? `try ${tries}, with --overwrite`
        : `${out} holds the model of epoch ${epoch}, before that; go on from it in another folder, with --init ${quoted(out)}, and try ${tries}`,
  });
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
