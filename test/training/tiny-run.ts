import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { DecoderConfig } from '../../src/decoder/config.ts';
import { Random } from '../../src/random.ts';
import { Vocabulary } from '../../src/text/vocabulary.ts';
import type { CaptionExample } from '../../src/training/batches.ts';
import { CaptionSet } from '../../src/training/caption-set.ts';
import type { Arrays } from '../../src/training/optimizer.ts';
import { TRAINING_DEFAULTS, type TrainingOptions } from '../../src/training/options.ts';
import type { TrainingData } from '../../src/training/trainer.ts';
import { rowsOf } from '../helpers/feature-rows.ts';

/** Images. */
export const I = 6;
export const F = 8;

/** A training that takes a moment: six images with a sentence each. */
export const config: DecoderConfig = {
  cell: 'lstm',
  mode: 'pre',
  layers: 1,
  embeddingSize: 12,
  hiddenSize: 16,
  featureSize: F,
  vocabularySize: 14,
};

/** Smaller still, for what need not learn anything by heart. */
export const smaller: DecoderConfig = { ...config, cell: 'gru', embeddingSize: 6, hiddenSize: 8 };

const random = new Random(11);
/** [I,F] */
export const matrix = Float32Array.from({ length: I * F }, () => random.normal());

/** Each image has its own sentence, two to five words long. */
export const examples: readonly CaptionExample[] = Array.from({ length: I }, (_, image) => ({
  image,
  words: Array.from({ length: 2 + (image % 4) }, () => 4 + random.int(10)),
}));
const captions = CaptionSet.of(examples);

export const vocabulary = new Vocabulary([
  ...['<pad>', '<start>', '<end>', '<unk>'],
  ...Array.from({ length: 10 }, (_, i) => `w${i}`),
]);

export const data: TrainingData = {
  source: 'a test',
  vocabulary,
  features: { featureSize: F, views: [rowsOf(matrix, F)] },
  train: captions,
  validation: captions,
  // The same sentences without their images.
  text: CaptionSet.of(examples.map(({ words }) => ({ image: null, words }))),
  images: examples.map(({ words }, row) => ({
    key: `image ${row}`,
    image: `${row}.jpg`,
    row,
    references: [vocabulary.decode(words)],
  })),
};

/** Sentences that contradict `examples`: who learns those gets worse at these. */
export const contradiction = CaptionSet.of(
  examples.map(({ image, words }) => ({ image, words: words.map((w) => 4 + ((w + 1) % 10)) })),
);

/** Learns the sentences by heart, without any help against doing so. */
export const options: TrainingOptions = {
  ...TRAINING_DEFAULTS,
  epochs: 60,
  batchSize: 4,
  learningRate: 0.02,
  learningRateDecay: 1,
  dropout: { image: 0, embedding: 0, output: 0 },
  maxSteps: 6,
  patience: 60,
};

export const one = { threads: 1 };

/** A path in a folder of its own that is gone when the test is over. */
export function temporary(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'caption-train-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, name);
}

/** Arrays as plain data to compare. */
export const bytes = (arrays: Arrays) => [...arrays].map(([name, values]) => [name, [...values]]);

/** Plain data (summaries, points of the curve, ...) without what depends on the clock. */
export function timeless<Data>(value: Data): Data {
  const skip = (key: string, part: unknown) =>
    key === 'seconds' || key === 'captionsPerSecond' ? undefined : part;
  return JSON.parse(JSON.stringify(value, skip));
}
