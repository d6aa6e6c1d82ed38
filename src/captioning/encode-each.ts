import { UserError } from '../errors.ts';
import type { Encoder, PreparedImage } from '../vision/encoder.ts';
import type { ImageSource } from '../vision/image-bytes.ts';

/** What became of one image: its feature vector [F], or why it has none. */
export type EncodedImage =
  | { readonly index: number; readonly feature: Float32Array }
  | { readonly index: number; readonly error: UserError };

/**
 * Encodes images in their order, `batchSize` at a time. The next ones are decoded on sharp's threads while
 * the network runs, and an image that can't be read doesn't stop the others.
 */
export async function* encodeEach(
  encoder: Encoder,
  images: readonly ImageSource[],
  batchSize = 1,
): AsyncGenerator<EncodedImage> {
  const F = encoder.featureSize;
  let next = prepareAll(encoder, images.slice(0, batchSize));
  for (let from = 0; from < images.length; from += batchSize) {
    const batch = await next;
    // `run` blocks this thread, so the next images must be on their way before it is called.
    next = prepareAll(encoder, images.slice(from + batchSize, from + 2 * batchSize));
    const ready = batch.flatMap((image) => ('pixels' in image ? [image.pixels] : []));
    const features = await encoder.encodePrepared(ready);
    let row = 0;
    for (const [i, image] of batch.entries()) {
      const index = from + i;
      if ('pixels' in image) {
        yield { index, feature: features.slice(row * F, (row + 1) * F) };
        row++;
      } else if (image.error instanceof UserError) {
        yield { index, error: image.error };
      } else {
        throw image.error;
      }
    }
  }
}

/** Never rejects, so images decoded ahead can't fail unnoticed. */
function prepareAll(
  encoder: Encoder,
  images: readonly ImageSource[],
): Promise<({ pixels: PreparedImage } | { error: unknown })[]> {
  return Promise.all(
    images.map((image) =>
      encoder.prepare(image).then(
        (pixels) => ({ pixels }),
        (error: unknown) => ({ error }),
      ),
    ),
  );
}
