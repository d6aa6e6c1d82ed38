import { basename, dirname, extname, posix, resolve } from 'node:path';
import { UserError } from '../errors.ts';
import type { CaptionedImage, Dataset, Split } from './example.ts';

/** What a reader finds about one image, before checks that every format shares. */
export interface RawExample {
  /** Path of the image as the file writes it. */
  readonly name: string;
  /** Folder that `name` is relative to. */
  readonly imagesRoot: string;
  readonly split: Split | undefined;
  readonly captions: readonly string[];
  readonly id?: number | undefined;
  /** Where it was read, for messages: `captions.jsonl:7`. */
  readonly where: string;
}

/**
 * The data set of one caption file (or folder) `path`. Blank captions are dropped: they teach nothing.
 * An image named twice, or left without a caption, is a `UserError` that says where.
 */
export function assemble(path: string, raw: Iterable<RawExample>): Dataset {
  const examples: CaptionedImage[] = [];
  const places = new Map<string, string>();
  for (const { name, imagesRoot, split, captions, id, where } of raw) {
    const key = posix.normalize(name.replaceAll('\\', '/'));
    const earlier = places.get(key);
    if (earlier !== undefined) {
      throw new UserError(`${where}: expected every image once but got ${key} again (first at ${earlier})`);
    }
    places.set(key, where);
    const kept = captions.map((caption) => caption.trim()).filter((caption) => caption !== '');
    if (kept.length === 0)
      throw new UserError(`${where}: expected at least one caption for ${key} but got none`);
    const image = resolve(imagesRoot, key);
    examples.push({ image, key, split, captions: kept, ...(id === undefined ? {} : { id }) });
  }
  if (examples.length === 0) throw new UserError(`expected captioned images in ${path} but got none`);
  return { name: basename(path, extname(path)), root: resolve(dirname(path)), examples };
}

/** Karpathy's `restval` (COCO validation images that he gave to training) counts as train. */
export const SPLIT_NAMES = ['train', 'restval', 'val', 'test'] as const;

export function splitOf(name: (typeof SPLIT_NAMES)[number]): Split {
  return name === 'restval' ? 'train' : name;
}
