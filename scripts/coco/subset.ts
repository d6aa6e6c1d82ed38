import { basename, dirname } from 'node:path';
import type { CaptionedImage, Split } from '../../src/dataset/example.ts';
import { readDataset } from '../../src/dataset/read.ts';
import { UserError } from '../../src/errors.ts';
import { writeFileAtomic } from '../../src/files/atomic.ts';
import { sha256 } from '../../src/files/sha256.ts';
import type { Source } from './sources.ts';

/** An image of a data set by its name there (`train2017/000000000009.jpg`), wherever it lies. */
export type NamedImage = Omit<CaptionedImage, 'image'>;

/** How many images each split has. */
export type Counts = Readonly<Record<Split, number>>;

/** Validation and test have this many at least, where there are as many: fewer tell little. */
const FEWEST = 50;

/** How many images a subset has, of a source with `has.train` to learn from and `has.other` beside them. */
export function subsetCounts({ splitBy, has }: Omit<Source, 'archive'>, images: number = has.train): Counts {
  if (splitBy === 'shares') {
    const tenth = Math.max(1, Math.round(images / 10));
    return { train: images - 2 * tenth, val: tenth, test: tenth };
  }
  const half = Math.floor(has.other / 2);
  const tenth = Math.min(half, Math.max(FEWEST, Math.round(images / 10)));
  const each = splitBy === 'own' ? half : tenth;
  return { train: images, val: each, test: each };
}

/**
 * Chooses images of a source by seed, from its annotation files (in the order of `source.files`): those whose names
 * have the smallest SHA-256 together with the seed, so the choice depends on neither the order of a file nor the
 * machine, and a larger subset holds the smaller one of the same seed.
 *
 * @param images to learn from (in all, where the source is split by shares); all if not given
 */
export async function chooseSubset(
  source: Source,
  files: readonly string[],
  { images, seed }: { images?: number; seed: number },
): Promise<NamedImage[]> {
  const ranked: NamedImage[][] = [];
  for (const [i, file] of files.entries())
    ranked.push(inOrderOf(seed, await readFile(file, source.files[i]!)));
  const [first = [], others = []] = ranked;
  const open = source.splitBy === 'own' ? first.filter(({ split }) => split === 'train') : first;
  if (images !== undefined && images > open.length) {
    throw new UserError(
      `expected --images to be at most ${open.length}, as ${files[0]} has no more, but got ${images}`,
    );
  }
  const has = { train: open.length, other: others.length };
  const { train, val, test } = subsetCounts({ ...source, has }, images);
  if (source.splitBy === 'own') {
    return [...open.slice(0, train), ...first.filter(({ split }) => split === 'val' || split === 'test')];
  }
  const rest = source.splitBy === 'files' ? others : first.slice(train);
  if (train < 1 || val < 1) {
    throw new UserError(`expected images for each split in ${files.join(', ')} but got too few`);
  }
  return [
    ...ofSplit('train', first.slice(0, train)),
    ...ofSplit('val', rest.slice(0, val)),
    ...ofSplit('test', rest.slice(val, val + test)),
  ];
}

/** @param name COCO's own name of the file, which tells the folder of its images */
async function readFile(file: string, name: string): Promise<NamedImage[]> {
  const { examples } = await readDataset(file, { imagesDir: dirname(file) });
  const [folder] = /(train|val)\d{4}/.exec(name) ?? [];
  // Karpathy's file names each image with its folder.
  return examples.map(({ image: _, key, ...rest }) => ({ ...rest, key: folder ? `${folder}/${key}` : key }));
}

/** The images in an order that the seed decides. */
function inOrderOf<Image extends { readonly key: string }>(seed: number, images: readonly Image[]): Image[] {
  const ranked = images.map((image) => ({ image, rank: sha256(`${seed}:${basename(image.key)}`) }));
  return ranked.sort((a, b) => (a.rank < b.rank ? -1 : 1)).map(({ image }) => image);
}

function ofSplit(split: Split, images: readonly NamedImage[]): NamedImage[] {
  return images.map((image) => ({ ...image, split }));
}

/**
 * The images that belong to a split, as the data set says; where it names none, an eighth (which are the shares of
 * Flickr8k's official splits) is chosen by seed for validation, another for test.
 */
export function withSplits(examples: readonly CaptionedImage[], seed: number): NamedImage[] {
  const images = examples.map(({ image: _, ...named }) => named);
  const named = images.filter(({ split }) => split !== undefined);
  if (named.length > 0) return named;
  const ranked = inOrderOf(seed, images);
  const eighth = Math.ceil(ranked.length / 8);
  return [
    ...ofSplit('val', ranked.slice(0, eighth)),
    ...ofSplit('test', ranked.slice(eighth, 2 * eighth)),
    ...ofSplit('train', ranked.slice(2 * eighth)),
  ];
}

/** How many images of each split there are. */
export function countSplits(images: readonly NamedImage[]): Counts {
  const of = (split: Split) => images.filter((image) => image.split === split).length;
  return { train: of('train'), val: of('val'), test: of('test') };
}

/** Writes images as a data set that `caption train` reads, in JSON Lines. */
export async function writeImages(path: string, images: readonly NamedImage[]): Promise<void> {
  const lines = images.map(({ key, split, captions, id }) =>
    JSON.stringify({ image: key, captions, split, ...(id === undefined ? {} : { coco_id: id }) }),
  );
  await writeFileAtomic(path, lines.map((line) => `${line}\n`).join(''));
}

/** Reads what `writeImages` wrote. */
export async function readImages(path: string): Promise<NamedImage[]> {
  const { examples } = await readDataset(path, { imagesDir: dirname(path) });
  return examples.map(({ image: _, ...named }) => named);
}
