import { join } from 'node:path';
import type { CaptionedImage, Dataset } from '../../src/dataset/example.ts';
import { readDataset } from '../../src/dataset/read.ts';
import { bySplit } from '../../src/dataset/split.ts';
import type { SessionOptions } from '../../src/onnx/session.ts';
import type { FeatureViews } from '../../src/training/batches.ts';
import type { TrainingPlan } from '../../src/training/plan.ts';
import { mirrored } from '../../src/vision/definition.ts';
import { Encoder } from '../../src/vision/encoder.ts';
import { encoderDefinition, encoderFiles } from '../../src/vision/encoders.ts';
import { extractFeatures } from '../../src/vision/extract.ts';
import { FeatureTable } from '../../src/vision/feature-table.ts';

const ENCODER = 'resnet50+efficientnet-lite4';

/** The photographs that the default model learns from and is chosen with, and their features. */
export interface DefaultData {
  readonly dataset: Dataset;
  /** Validation images, of all data sets. */
  readonly validation: readonly CaptionedImage[];
  readonly encoder: TrainingPlan['encoder'];
  /** Of the photographs as they are, then of their mirror images. */
  readonly features: FeatureViews & TrainingPlan['features'];
  close(): Promise<void>;
}

/**
 * Reads captions.jsonl (JSON Lines: image, captions, split) of the folder of photographs, and makes the features
 * that the work folder doesn't hold yet.
 */
export async function defaultData(
  photos: string,
  work: string,
  session: SessionOptions,
): Promise<DefaultData> {
  const dataset = await readDataset(join(photos, 'captions.jsonl'));
  const images = dataset.examples.map(({ key, image }) => ({ key, source: image }));
  const plain = encoderDefinition(ENCODER);
  let encoder = plain;
  for (const [file, view] of [['features.npy', plain] as const, ['mirrored.npy', mirrored(plain)] as const]) {
    const network = await Encoder.load(view, encoderFiles(view), session);
    if (view === plain) encoder = network.definition;
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
  return {
    dataset,
    validation: bySplit(dataset, 'val'),
    encoder,
    features: {
      featureSize: table.featureSize,
      views: [table, other.inOrderOf(table)],
      rowOf: (key) => table.rowIndex(key),
    },
    close: async () => {
      await table.close();
      await other.close();
    },
  };
}

export function say(line: string): void {
  console.log(`${new Date().toISOString().slice(11, 19)} ${line}`);
}
