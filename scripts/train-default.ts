/**
 * Makes models/default: features, then training, each kept in the work folder and skipped when it is done,
 * then the search settings, all chosen on validation images. `--self-critical <epochs>` adds training on CIDEr-D.
 *
 *     npx tsx scripts/train-default.ts --photos <folder> --work <folder> [--out models/default] [--threads n]
 *
 * The folder of photographs holds captions.jsonl (JSON Lines: image, captions, split).
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { OnnxDecoder } from '../src/captioning/onnx-decoder.ts';
import { search } from '../src/captioning/search.ts';
import { type SearchRequest, searchOptions } from '../src/captioning/search-options.ts';
import { readDataset } from '../src/dataset/read.ts';
import { bySplit } from '../src/dataset/split.ts';
import { scoreCaptions } from '../src/evaluation/score.ts';
import { readSafetensors, writeSafetensors } from '../src/files/safetensors.ts';
import { writeModel } from '../src/library/model-folder.ts';
import { stackRows } from '../src/stack-rows.ts';
import { tokenize } from '../src/text/tokenizer.ts';
import type { Arrays } from '../src/training/optimizer.ts';
import { TRAINING_DEFAULTS, type TrainingOptions } from '../src/training/options.ts';
import { DECODING_DEFAULTS, prepareRun } from '../src/training/run.ts';
import { trainSelfCritical } from '../src/training/self-critical.ts';
import { train } from '../src/training/trainer.ts';
import { mirrored } from '../src/vision/definition.ts';
import { Encoder } from '../src/vision/encoder.ts';
import { encoderDefinition, encoderFiles } from '../src/vision/encoders.ts';
import { extractFeatures } from '../src/vision/extract.ts';
import { FeatureTable } from '../src/vision/feature-table.ts';

const { values: flags } = parseArgs({
  options: {
    photos: { type: 'string' },
    work: { type: 'string' },
    out: { type: 'string', default: 'models/default' },
    threads: { type: 'string' },
    'self-critical': { type: 'string', default: '0' },
  },
});
if (!flags.photos || !flags.work) throw new Error('expected --photos <folder> and --work <folder>');
const { photos, work, out } = { ...flags, photos: flags.photos, work: flags.work };
const session = flags.threads ? { threads: Number(flags.threads) } : {};

const ENCODER = 'resnet50+efficientnet-lite4';
const MIN_COUNT = 5;
const DECODER = { cell: 'lstm', mode: 'init', layers: 1, embeddingSize: 512, hiddenSize: 512 } as const;

const CAPTIONS: TrainingOptions = {
  ...TRAINING_DEFAULTS,
  epochs: 8,
  learningRate: 1.5e-3,
  learningRateDecay: 0.75,
};
/** Tried and left out: see models/default/card.md. */
const SELF_CRITICAL = {
  epochs: Number(flags['self-critical']),
  images: 32,
  samples: 5,
  learningRate: 1e-4,
  clipNorm: 5,
  maxSteps: TRAINING_DEFAULTS.maxSteps,
  seed: 1,
};

function featureOf(features: FeatureTable, key: string): Float32Array {
  const row = features.row(key);
  if (row === undefined) throw new Error(`there is no feature of ${key}`);
  return row;
}

const say = (line: string) => console.log(`${new Date().toISOString().slice(11, 19)} ${line}`);

const dataset = await readDataset(join(photos, 'captions.jsonl'));
const trainImages = bySplit(dataset, 'train');
const validationImages = bySplit(dataset, 'val');

// 1. Features of the photographs and of their mirror images.
const definition = encoderDefinition(ENCODER);
const views = { 'features.npy': definition, 'mirrored.npy': mirrored(definition) };
const images = dataset.examples.map(({ key, image }) => ({ key, source: image }));
let encoder = definition;
for (const [file, view] of Object.entries(views)) {
  const network = await Encoder.load(view, encoderFiles(view), session);
  if (view === definition) encoder = network.definition;
  const failures = await extractFeatures({
    encoder: network,
    images,
    out: join(work, file),
    onProgress: (done, total) => done % 1600 === 0 && say(`${file}: ${done} of ${total}`),
  });
  await network.release();
  if (failures.length > 0) throw new Error(`${failures[0].key}: ${failures[0].message}`);
}
const table = await FeatureTable.open(join(work, 'features.npy'));
const other = await FeatureTable.open(join(work, 'mirrored.npy'));
const F = table.featureSize;
const rowOf = (key: string) => table.rowIndex(key);
const features = { featureSize: F, views: [table, other.inOrderOf(table)], rowOf };

// 2. Training. The vocabulary is that of the training captions.
const { vocabulary, config, data } = prepareRun({
  name: 'default',
  encoder,
  splits: { dataset: dataset.name, train: trainImages, validation: validationImages, heldOut: false },
  features,
  decoder: DECODER,
  minCount: MIN_COUNT,
  training: CAPTIONS,
  decoding: DECODING_DEFAULTS,
});

/** Everything that the weights of a stage come from: the settings of all stages so far. */
const settings: unknown[] = [ENCODER, MIN_COUNT, config];

/** A stage's weights: read if it was done with these settings, made and kept otherwise. */
async function stage(name: string, options: unknown, make: () => Promise<Arrays>): Promise<Arrays> {
  settings.push(options);
  const run = JSON.stringify(settings);
  const path = join(work, `${name}.safetensors`);
  const done = existsSync(path) ? await readSafetensors(path) : undefined;
  if (done?.metadata.run === run) return new Map([...done.tensors].map(([key, { data }]) => [key, data]));
  const made = await make();
  const tensors = [...made].map(([key, data]) => [key, { dims: [data.length], data }] as const);
  await writeSafetensors(path, tensors, { run });
  return made;
}

const learned = await stage('captions', CAPTIONS, async () => {
  const { weights } = await train(config, data, CAPTIONS, session, {
    checkpoint: join(work, 'captions.checkpoint'),
    resume: true,
    onProgress: ({ epoch, batch, batches, loss, captionsPerSecond }) =>
      batch % 50 === 0 &&
      say(`${epoch}: ${batch}/${batches} loss ${loss.toFixed(3)} ${captionsPerSecond.toFixed(0)} captions/s`),
    onEpoch: ({ epoch, trainLoss, validationLoss }, best) =>
      say(
        `captions ${epoch}: train ${trainLoss.toFixed(3)}, validation ${validationLoss.toFixed(3)}, ` +
          `perplexity ${Math.exp(validationLoss).toFixed(2)}${best ? ', best' : ''}`,
      ),
  });
  return weights;
});
const selfCritical = () =>
  trainSelfCritical(
    config,
    new Map(learned),
    trainImages.map(({ key, captions }) => ({ row: rowOf(key)!, references: captions.map(tokenize) })),
    features,
    vocabulary,
    SELF_CRITICAL,
    session,
    {
      validate: async (decoder) => (await validationScores(decoder, {})).CIDEr,
      onProgress: (epoch, done, reward) =>
        done % 1600 === 0 && say(`self-critical ${epoch}: ${done} images, reward ${reward.toFixed(3)}`),
      onEpoch: (epoch, reward, cider) =>
        say(`self-critical ${epoch}: reward ${reward.toFixed(3)}, validation CIDEr ${cider.toFixed(3)}`),
    },
  );
const weights =
  SELF_CRITICAL.epochs > 0 ? await stage('self-critical', SELF_CRITICAL, selfCritical) : learned;

// 3. Search settings by validation CIDEr, then the model folder.
async function validationScores(decoder: OnnxDecoder, request: SearchRequest) {
  const candidates = new Map<string, string>();
  for (let from = 0; from < validationImages.length; from += 64) {
    const part = validationImages.slice(from, from + 64);
    const rows = part.map(({ key }) => featureOf(table, key));
    const found = await search(decoder, stackRows(rows, F), part.length, searchOptions(request));
    for (const [i, { key }] of part.entries()) candidates.set(key, vocabulary.decode(found[i][0].tokens));
  }
  return scoreCaptions(candidates, new Map(validationImages.map(({ key, captions }) => [key, captions])));
}

const decoder = await OnnxDecoder.ofWeights(config, weights, session);
let decoding = DECODING_DEFAULTS;
let best = 0;
for (const beam of [2, 3, 5]) {
  for (const lengthPenalty of [0, 0.5, 0.75, 1]) {
    const scores = await validationScores(decoder, { beam, lengthPenalty });
    say(
      `beam ${beam}, length penalty ${lengthPenalty}: CIDEr ${scores.CIDEr.toFixed(4)}, B4 ${scores.Bleu_4.toFixed(4)}`,
    );
    if (scores.CIDEr <= best) continue;
    best = scores.CIDEr;
    decoding = { ...decoding, beam, lengthPenalty };
  }
}
await decoder.release();

const training = {
  script: 'scripts/train-default.ts',
  trainImages: trainImages.length,
  validationImages: validationImages.length,
  minCount: MIN_COUNT,
  captions: CAPTIONS,
  ...(SELF_CRITICAL.epochs > 0 && { selfCritical: SELF_CRITICAL }),
  validationCIDEr: best,
};
await table.close();
await other.close();
await writeModel(out, { name: 'default', encoder, decoder: config, decoding, training }, vocabulary, weights);
say(
  `wrote ${out}: beam ${decoding.beam}, length penalty ${decoding.lengthPenalty}, validation CIDEr ${best.toFixed(4)}`,
);
