import { UserError } from '../errors.ts';
import type { ImageSource } from './image-bytes.ts';
import { thumbnail } from './pixels.ts';

/**
 * A small picture as a data: URI, for pages that load nothing; undefined for an image that has been deleted or spoilt.
 * @param side its longest side in pixels
 */
export async function thumbnailUri(source: ImageSource, side: number): Promise<string | undefined> {
  try {
    return `data:image/webp;base64,${Buffer.from(await thumbnail(source, side)).toString('base64')}`;
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}
