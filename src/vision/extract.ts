import { messageOf } from '../errors.ts';
import type { Encoder, PreparedImage } from './encoder.ts';
import { FeatureWriter } from './feature-file.ts';
import type { ImageSource } from './pixels.ts';

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
  /** The feature file (.npy); an existing one is continued. */
  readonly out: string;
  /** Images at a time; 16 by default. A kill loses at most the batch under way. */
  readonly batchSize?: number;
  /** Called after each batch with the images done (those found in the file included) and in all. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Called as soon as an image turns out to be unreadable. */
  readonly onFailure?: (failure: ExtractionFailure) => void;
  /** Stops after the batch under way. */
  readonly signal?: AbortSignal;
}

/**
 * Writes the features of images to a file, skipping those that it has. The next batch is decoded on
 * sharp's threads while the networks compute. Unreadable images are reported and skipped.
 */
export async function extractFeatures(options: ExtractionOptions): Promise<ExtractionFailure[]> {
  const { encoder, images, out, batchSize = 16, onProgress, onFailure, signal } = options;
  const failures: ExtractionFailure[] = [];
  const writer = await FeatureWriter.open(out, encoder.definition.name, encoder.hash, encoder.featureSize);
  try {
    const unique = [...new Map(images.map((image) => [image.key, image])).values()];
    const todo = unique.filter(({ key }) => !writer.has(key));
    let done = unique.length - todo.length;
    let next = decodeBatch(encoder, todo.slice(0, batchSize));
    for (let from = 0; from < todo.length && !signal?.aborted; from += batchSize) {
      const results = await next;
      // `run` blocks this thread, so the next images must be on their way before it is called.
      next = decodeBatch(encoder, todo.slice(from + batchSize, from + 2 * batchSize));
      const ready = results.flatMap(({ key, pixels }) => (pixels ? [{ key, pixels }] : []));
      for (const { key, message } of results) {
        if (message === undefined) continue;
        failures.push({ key, message });
        onFailure?.({ key, message });
      }
      const rows = await encoder.encodePrepared(ready.map(({ pixels }) => pixels));
      await writer.append(
        ready.map(({ key }) => key),
        rows,
      );
      done += results.length;
      onProgress?.(done, unique.length);
    }
    await next;
  } finally {
    await writer.close();
  }
  return failures;
}

interface Decoded {
  readonly key: string;
  readonly pixels?: PreparedImage;
  readonly message?: string;
}

/** Decodes images side by side; never rejects, so a batch decoded ahead can't fail unnoticed. */
function decodeBatch(encoder: Encoder, images: readonly KeyedImage[]): Promise<Decoded[]> {
  return Promise.all(
    images.map(async ({ key, source }) => {
      try {
        return { key, pixels: await encoder.prepare(source) };
      } catch (error) {
        return { key, message: messageOf(error) };
      }
    }),
  );
}
