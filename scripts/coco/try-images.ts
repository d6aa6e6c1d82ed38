import { availableParallelism } from 'node:os';
import { count, duration, progress, say } from '../../src/cli/terminal.ts';
import { messageOf, UserError } from '../../src/errors.ts';
import { decodeImage } from '../../src/vision/pixels.ts';
import { concurrently } from './concurrently.ts';

/** An image that could not be had, and why in a sentence. */
export interface Missing {
  readonly key: string;
  readonly why: string;
}

export interface Trying {
  /** What is done to them, for the progress: `fetched`. */
  readonly verb: string;
  readonly atOnce: number;
  /** The share of all images that may come to nothing, from 0 to 1. */
  readonly maxMissing: number;
  readonly signal: AbortSignal;
}

/** Enough to keep Node's threads for files and the decoders busy. */
export const DECODED_AT_ONCE = Math.max(4, availableParallelism());

/** A picture may be decoded to few pixels: all of the file is read nevertheless. */
const SIDE = 32;

/**
 * Tries each image, with progress on standard error. Those that come to nothing are named there and left out; as
 * soon as they are more than may be it is a UserError, before hours go into the others.
 *
 * @param attempt gives the reason why the image can't be had, if so; what it throws stops everything
 * @returns the images that could not be had, in their order
 */
export async function tryImages<Image extends { readonly key: string }>(
  images: readonly Image[],
  { verb, atOnce, maxMissing, signal }: Trying,
  attempt: (image: Image, signal: AbortSignal) => Promise<string | undefined>,
): Promise<Missing[]> {
  const reasons = new Map<string, string>();
  const started = performance.now();
  let tried = 0;
  await concurrently(images, atOnce, signal, async (image, either) => {
    const why = await attempt(image, either);
    tried++;
    if (why !== undefined) {
      reasons.set(image.key, why);
      say(`${image.key}: ${why}`);
      if (reasons.size > maxMissing * images.length) throw tooMany(reasons.size, tried, images.length);
    }
    const rate = (1000 * tried) / (performance.now() - started);
    progress(
      `${verb} ${tried.toLocaleString('en')} of ${count(images.length, 'image')}, ${rate.toFixed(1)} images/s, ` +
        `${duration((images.length - tried) / rate)} left`,
    );
  });
  return images.flatMap(({ key }) => (reasons.has(key) ? [{ key, why: reasons.get(key)! }] : []));
}

function tooMany(missing: number, tried: number, all: number): UserError {
  return new UserError(
    `expected nearly all of ${count(all, 'image')} but ${missing} of the first ${tried} could not be had`,
    {
      hint: 'the same command tries them again; with a larger --max-missing (0.01 of all) it goes on without them',
    },
  );
}

/** Why a file can't be read as an image, if so: all of it is decoded. */
export async function flawOf(path: string, name: string): Promise<string | undefined> {
  try {
    await decodeImage(path, SIDE, name);
    return undefined;
  } catch (error) {
    if (error instanceof UserError) return messageOf(error).replaceAll(path, name);
    throw error;
  }
}
