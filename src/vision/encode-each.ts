import { UserError } from '../errors.ts';
import type { ImageEncoder } from './encoder.ts';
import { type ImageSource, readImageBytes } from './image-bytes.ts';
import { prepareImage } from './prepare.ts';

/** What became of one image: its feature vector [F] and the very bytes that it was made from, or why it has none. */
export type EncodedImage =
  | { readonly index: number; readonly bytes: Uint8Array; readonly feature: Float32Array }
  | { readonly index: number; readonly error: UserError };

/** Images read and decoded ahead of the networks: as many as Node has threads for it. */
const AHEAD = 4;

/**
 * Encodes images one by one, in their order, and each independently of the others. While the networks compute,
 * the next images are read and decoded on other threads; an image that can't be read doesn't stop the others.
 */
export async function* encodeEach(
  encoder: ImageEncoder,
  images: Iterable<ImageSource>,
): AsyncGenerator<EncodedImage> {
  const underWay: Promise<EncodedImage | { bug: unknown }>[] = [];
  let index = 0;
  for (const image of images) {
    underWay.push(encodeOne(encoder, image, index++));
    if (underWay.length > encoder.lanes + AHEAD) yield await next();
  }
  while (underWay.length > 0) yield await next();

  async function next(): Promise<EncodedImage> {
    const result = await underWay.shift()!;
    if ('bug' in result) throw result.bug;
    return result;
  }
}

/** Never rejects, so an image decoded ahead can't fail unnoticed. */
async function encodeOne(
  encoder: ImageEncoder,
  source: ImageSource,
  index: number,
): Promise<EncodedImage | { bug: unknown }> {
  try {
    const bytes = await readImageBytes(source);
    const name = typeof source === 'string' ? source : undefined;
    const pixels = await prepareImage(encoder.definition, bytes, name);
    return { index, bytes, feature: await encoder.encodePrepared([pixels]) };
  } catch (error) {
    return error instanceof UserError ? { index, error } : { bug: error };
  }
}
