import { messageOf } from '../errors.ts';
import { sha256 } from '../files/sha256.ts';
import type { Encoder, PreparedImage } from './encoder.ts';
import { FeatureWriter } from './feature-file.ts';
import { type ImageSource, readImageBytes } from './image-bytes.ts';

/** An image to encode and the name that its features are found by. */
interface KeyedImage {
  readonly key: string;
  readonly source: ImageSource;
}

/** An image that could not be read, and why in a sentence. */
export interface ExtractionFailure {
  readonly key: string;
  readonly message: string;
}

export interface ExtractionOptions {
  readonly encoder: Encoder;
  readonly images: readonly KeyedImage[];
  /** The feature file (.npy); an existing one is continued, its rows of images that changed are superseded. */
  readonly out: string;
  /** Images at a time; 16 by default. A kill loses at most the batch under way. */
  readonly batchSize?: number;
  /** Called after each batch with the images done (those found unchanged in the file included) and in all. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Called as soon as an image turns out to be unreadable. */
  readonly onFailure?: (failure: ExtractionFailure) => void;
  /** Stops after the batch under way. */
  readonly signal?: AbortSignal;
}

/** Images read at a time to see whether they changed. */
const READ = 16;

/**
 * Writes the features of images to a file, skipping those whose very bytes it has the feature of. The next
 * batch is decoded on sharp's threads while the networks compute. Unreadable images are reported and skipped.
 */
export async function extractFeatures(options: ExtractionOptions): Promise<ExtractionFailure[]> {
  const { encoder, images, out, batchSize = 16, onProgress, onFailure, signal } = options;
  const failures: ExtractionFailure[] = [];
  const writer = await FeatureWriter.open(out, encoder.definition.name, encoder.hash, encoder.featureSize);
  try {
    const unique = [...new Map(images.map((image) => [image.key, image])).values()];
    const todo = await newOrChanged(unique, writer, signal);
    let done = unique.length - todo.length;
    let next = decodeBatch(encoder, todo.slice(0, batchSize));
    for (let from = 0; from < todo.length && !signal?.aborted; from += batchSize) {
      const results = await next;
      // `run` blocks this thread, so the next images must be on their way before it is called.
      next = decodeBatch(encoder, todo.slice(from + batchSize, from + 2 * batchSize));
      const ready = results.flatMap((result) => ('pixels' in result ? [result] : []));
      for (const failure of results) {
        if ('pixels' in failure) continue;
        failures.push(failure);
        onFailure?.(failure);
      }
      await writer.append(ready, await encoder.encodePrepared(ready.map(({ pixels }) => pixels)));
      done += results.length;
      onProgress?.(done, unique.length);
    }
    await next;
  } finally {
    await writer.close();
  }
  return failures;
}

/** The images that the file has no feature of, or that of other bytes. One that can't be read counts as changed. */
async function newOrChanged(
  images: readonly KeyedImage[],
  writer: FeatureWriter,
  signal?: AbortSignal,
): Promise<KeyedImage[]> {
  const todo: KeyedImage[] = [];
  for (let from = 0; from < images.length && !signal?.aborted; from += READ) {
    const part = images.slice(from, from + READ);
    const unchanged = await Promise.all(part.map((image) => isUnchanged(image, writer.sha256Of(image.key))));
    todo.push(...part.filter((_, i) => !unchanged[i]));
  }
  return todo;
}

async function isUnchanged({ source }: KeyedImage, known: string | undefined): Promise<boolean> {
  if (known === undefined) return false;
  return readImageBytes(source).then(
    (bytes) => sha256(bytes) === known,
    () => false,
  );
}

/** An image ready for the networks, with the SHA-256 of the bytes that it was decoded from. */
interface Decoded {
  readonly key: string;
  readonly sha256: string;
  readonly pixels: PreparedImage;
}

/** Decodes images side by side; never rejects, so a batch decoded ahead can't fail unnoticed. */
function decodeBatch(
  encoder: Encoder,
  images: readonly KeyedImage[],
): Promise<(Decoded | ExtractionFailure)[]> {
  return Promise.all(
    images.map(async ({ key, source }) => {
      try {
        // The bytes are hashed and decoded from one reading: the file may change in between.
        const bytes = await readImageBytes(source);
        const name = typeof source === 'string' ? source : undefined;
        return { key, sha256: sha256(bytes), pixels: await encoder.prepare(bytes, name) };
      } catch (error) {
        return { key, message: messageOf(error) };
      }
    }),
  );
}
