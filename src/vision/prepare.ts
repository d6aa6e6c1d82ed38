import type { EncoderDefinition } from './definition.ts';
import type { ImageSource } from './image-bytes.ts';
import { decodeImage, preparePixels, sideNeeded } from './pixels.ts';

/** One image's input for every network of an encoder, in their order: [3,size,size] each. */
export type PreparedImage = readonly Float32Array[];

/**
 * Reads an image, decoding it once, and prepares it for every network of an encoder; runs beside the
 * JavaScript thread.
 * @param name what messages call it, for bytes that were read from a file
 */
export async function prepareImage(
  { networks }: EncoderDefinition,
  source: ImageSource,
  name?: string,
): Promise<PreparedImage> {
  const enough = Math.max(...networks.map(({ preprocessing }) => sideNeeded(preprocessing)));
  const image = await decodeImage(source, enough, name);
  return Promise.all(
    networks.map(({ preprocessing, input }) => preparePixels(image, preprocessing, input.layout)),
  );
}
