import { statSync } from 'node:fs';
import { basename, dirname, extname, isAbsolute, join, resolve, sep } from 'node:path';
import { InternalError, UserError } from '../../errors.ts';
import { type FoundImage, STDIN } from '../inputs.ts';
import { IMAGE_EXTENSIONS } from '../walk.ts';

interface SidecarNaming {
  /** The ending of the sidecars' names, with the dot. */
  readonly extension: string;
  /** `photo.jpg.txt` in place of `photo.txt`. */
  readonly keepImageExtension: boolean;
  /** The folder that mirrors the images' tree; without it sidecars stand beside their images. */
  readonly outputDir: string | undefined;
}

/**
 * Where each image's sidecar goes: image path -> sidecar path. An image that comes twice counts once.
 *
 * @throws UserError where two images would share a sidecar, a sidecar would take the place of an image, or the
 *   output folder is none
 */
export function sidecarPaths(images: readonly FoundImage[], naming: SidecarNaming): Map<string, string> {
  checkExtension(naming);
  checkFolder(naming.outputDir);
  if (images.some(({ path }) => path === STDIN)) {
    throw new UserError('expected image files but got - (standard input), which has no sidecar file', {
      hint: 'save the image to a file, or leave --format out',
    });
  }
  const sidecars = new Map<string, string>();
  const distinct: FoundImage[] = [];
  for (const image of images) {
    if (sidecars.has(image.path)) continue;
    sidecars.set(image.path, sidecarPath(image, naming));
    distinct.push(image);
  }
  checkNotImages(sidecars);
  checkNotShared(distinct, sidecars, naming);
  return sidecars;
}

function checkExtension({ extension }: SidecarNaming): void {
  if (!/^\.[^/\\\0]*[^/\\\0.]$/.test(extension)) {
    throw new UserError(
      `expected --extension to be a dot and letters, like .txt, but got ${extension || "''"}`,
    );
  }
  if (IMAGE_EXTENSIONS.has(extname(`image${extension}`).toLowerCase())) {
    throw new UserError(`expected --extension to be an ending for text but got ${extension}`, {
      hint: 'files with this ending are taken for images, and images are never written over',
    });
  }
}

/** It need not exist, but a file in its place would only be noticed with the first caption. */
function checkFolder(path: string | undefined): void {
  if (path === undefined || !isInTheWay(path)) return;
  throw new UserError(`expected --output-dir to be a folder but ${path} is a file or below one`);
}

function isInTheWay(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOTDIR';
  }
}

function sidecarPath({ path, within }: FoundImage, naming: SidecarNaming): string {
  if (naming.outputDir === undefined) return renamed(path, naming);
  const folders = within.split(sep === '\\' ? /[\\/]/ : sep);
  if (within === '' || isAbsolute(within) || folders.includes('..')) {
    throw new InternalError(`${path} has no place below its folder: ${within}`);
  }
  return join(naming.outputDir, renamed(within, naming));
}

/** Only the last ending of a name is one; a name like `.jpg` is all name. */
function renamed(path: string, { extension, keepImageExtension }: SidecarNaming): string {
  const stem = keepImageExtension ? basename(path) : basename(path, extname(path));
  return join(dirname(path), stem + extension);
}

/** An image that was named by itself may have any ending, the sidecars' too. */
function checkNotImages(sidecars: ReadonlyMap<string, string>): void {
  const images = new Map([...sidecars.keys()].map((path) => [folded(path), path]));
  for (const [path, sidecar] of sidecars) {
    const image = images.get(folded(sidecar));
    if (image === undefined) continue;
    throw new UserError(`expected a new name for the sidecar of ${path} but ${sidecar} is an image itself`, {
      hint: 'give the sidecars another --extension, or another --output-dir',
    });
  }
}

function checkNotShared(
  images: readonly FoundImage[],
  sidecars: ReadonlyMap<string, string>,
  naming: SidecarNaming,
): void {
  const takers = new Map<string, FoundImage[]>();
  const clashes: [FoundImage, FoundImage][] = [];
  for (const image of images) {
    const key = folded(sidecars.get(image.path)!);
    const others = takers.get(key) ?? [];
    const other = others.find((other) => clash(other, image, naming));
    if (other) clashes.push([other, image]);
    else takers.set(key, [...others, image]);
  }
  if (clashes.length === 0) return;

  const [one, two] = clashes[0]!;
  const more = clashes.length - 1;
  const rest = more === 0 ? '' : ` (and ${more} more ${more === 1 ? 'image shares' : 'images share'} one)`;
  throw new UserError(
    `expected a sidecar file for each image but ${one.path} and ${two.path} would share ${sidecars.get(two.path)}${rest}`,
    { hint: wayOut(one, two, naming) },
  );
}

/**
 * Whether two images would share a sidecar. Names that differ only in case or in how accents are encoded are one
 * file on many disks (macOS, Windows, memory cards), so they count as the same. One exception: beside `A.jpg`
 * and `a.jpg` themselves there is room for `A.txt` and `a.txt`.
 */
function clash(one: FoundImage, two: FoundImage, naming: SidecarNaming): boolean {
  if (resolve(one.path) === resolve(two.path)) return false;
  const [first, second] = [resolve(sidecarPath(one, naming)), resolve(sidecarPath(two, naming))];
  if (folded(first) !== folded(second)) return false;
  return first === second || naming.outputDir !== undefined || folded(one.path) !== folded(two.path);
}

function wayOut(one: FoundImage, two: FoundImage, naming: SidecarNaming): string {
  const keeping = { ...naming, keepImageExtension: true };
  if (clash(one, two, keeping)) return 'caption them in separate calls, each with an --output-dir of its own';
  const names = [one, two].map((image) => basename(sidecarPath(image, keeping)));
  return `--keep-image-extension writes ${names.join(' and ')}`;
}

function folded(path: string): string {
  return resolve(path).normalize('NFC').toLowerCase();
}
