import { dirname, join } from 'node:path';
import { z } from 'zod';
import { assemble, type RawExample, SPLIT_NAMES, splitOf } from './assemble.ts';
import type { Dataset } from './example.ts';
import { findImagesRoot } from './images.ts';
import { checkRecord, readJsonRecords } from './records.ts';

const IMAGE = z.object({
  filename: z.string().min(1),
  filepath: z.string().optional(),
  split: z.enum(SPLIT_NAMES),
  cocoid: z.number().int().optional(),
  sentences: z.array(z.object({ raw: z.string() })),
});
const SHAPE =
  '{"filename": text, "filepath"?: text, "split": train|restval|val|test, "sentences": [{"raw": text}], "cocoid"?: number}';

/**
 * Karpathy's splits (dataset_coco.json, dataset_flickr8k.json, dataset_flickr30k.json). An image is
 * `filepath/filename` under `imagesDir`, or else under the file's folder or its `images/`. The raw
 * sentences are read, not his tokens: our tokenizer is the one that decoding undoes.
 */
export async function readKarpathy(file: string, imagesDir: string | undefined): Promise<Dataset> {
  const found: Omit<RawExample, 'imagesRoot'>[] = [];
  for await (const { index, value } of readJsonRecords(file, ['images'])) {
    const where = `${file}, images[${index}]`;
    const { filename, filepath, split, cocoid, sentences } = checkRecord(IMAGE, value, where, SHAPE);
    found.push({
      name: filepath ? `${filepath}/${filename}` : filename,
      split: splitOf(split),
      captions: sentences.map(({ raw }) => raw),
      id: cocoid,
      where,
    });
  }
  const here = dirname(file);
  const names = found.map(({ name }) => name);
  const imagesRoot = imagesDir ?? (await findImagesRoot([here, join(here, 'images')], names));
  return assemble(
    file,
    found.map((example) => ({ ...example, imagesRoot })),
  );
}
