import { sha256 } from '../files/sha256.ts';
import { encodeEach } from './encode-each.ts';
import { encoderHash, type ImageEncoder } from './encoder.ts';
import { FeatureWriter } from './feature-file.ts';
import { type ImageSource, readImageBytes } from './image-bytes.ts';
import type { NumberType } from './npy.ts';

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
  readonly encoder: ImageEncoder;
  readonly images: readonly KeyedImage[];
  /** The feature file (.npy); an existing one is continued, its rows of images that changed are superseded. */
  readonly out: string;
  /** How the file stores numbers, float32 by default; float16 takes half the space. */
  readonly type?: NumberType;
  /** Called after each image with the images done (those found unchanged in the file included) and in all. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Called as soon as an image turns out to be unreadable. */
  readonly onFailure?: (failure: ExtractionFailure) => void;
  /** Stops after the image under way. */
  readonly signal?: AbortSignal;
}

/** Images read at a time to see whether they changed. */
const READ = 16;

/**
 * Writes the features of images to a file, one by one, skipping those whose very bytes it has the feature of. Unreadable
 * images are reported and skipped.
 */
export async function extractFeatures(options: ExtractionOptions): Promise<ExtractionFailure[]> {
  const { encoder, images, out, type = 'float32', onProgress, onFailure, signal } = options;
  const { definition } = encoder;
  const failures: ExtractionFailure[] = [];
  const { name, featureSize } = definition;
  const hash = encoderHash(definition);
  const writer = await FeatureWriter.open(out, { encoder: name, hash, featureSize, type });
  try {
    const unique = [...new Map(images.map((image) => [image.key, image])).values()];
    const todo = await newOrChanged(unique, writer, signal);
    let done = unique.length - todo.length;
    if (signal?.aborted) return failures;
    for await (const encoded of encodeEach(
      encoder,
      todo.map(({ source }) => source),
    )) {
      const { key } = todo[encoded.index]!;
      if ('error' in encoded) {
        const failure = { key, message: encoded.error.message };
        failures.push(failure);
        onFailure?.(failure);
      } else {
        await writer.append([{ key, sha256: sha256(encoded.bytes) }], encoded.feature);
      }
      onProgress?.(++done, unique.length);
      if (signal?.aborted) break;
    }
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
