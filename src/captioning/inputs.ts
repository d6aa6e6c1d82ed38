import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import fastGlob from 'fast-glob';
import { messageOf, UserError } from '../errors.ts';

/** Files taken from a folder or by a pattern; a file named by itself may be called anything. */
const EXTENSIONS = new Set('.jpg .jpeg .jpe .jfif .png .webp .tif .tiff .gif .avif .svg'.split(' '));

/** Stands for standard input among the inputs. */
export const STDIN = '-';

/** Inputs that came to nothing, and why. */
export interface InputProblem {
  readonly input: string;
  readonly error: UserError;
}

interface FoundImage {
  /** `-` stays as it is. */
  readonly path: string;
  /** Its place from 0 among everything named, inputs that came to nothing included: it stays when they are mended. */
  readonly place: number;
}

export interface FoundImages {
  /** In the order of the inputs, files of one folder by name. */
  readonly images: readonly FoundImage[];
  readonly problems: readonly InputProblem[];
  /** Whether it was one file (or standard input) named by itself. */
  readonly single: boolean;
}

/**
 * The images that a command's inputs stand for: files, folders (the images directly in them, hidden files
 * left out), patterns for shells that don't expand them, and `-`. A path that exists wins over its meaning
 * as a pattern, so `photo[1].jpg` is that file.
 */
export async function findImages(inputs: readonly string[]): Promise<FoundImages> {
  if (inputs.filter((input) => input === STDIN).length > 1) {
    throw new UserError('expected - (standard input) once but got it twice');
  }
  const images: FoundImage[] = [];
  const problems: InputProblem[] = [];
  let single = inputs.length === 1;
  let place = 0;
  for (const input of inputs) {
    try {
      const found = await expand(input);
      for (const path of found.paths) images.push({ path, place: place++ });
      single &&= !found.many;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problems.push({ input, error });
      place++;
    }
  }
  return { images, problems, single };
}

async function expand(input: string): Promise<{ paths: string[]; many: boolean }> {
  if (input === STDIN) return { paths: [input], many: false };
  if (input === '') throw new UserError('expected the name of an image but got an empty text');
  const kind = await stat(input).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw new UserError(`cannot read ${input}: ${messageOf(error)}`, { cause: error });
  });
  if (kind?.isDirectory()) return { paths: await imagesIn(input), many: true };
  if (kind) return { paths: [input], many: false };
  // On Windows a backslash separates folders; in a pattern it would escape what follows.
  const pattern = process.platform === 'win32' ? input.replaceAll('\\', '/') : input;
  if (!fastGlob.isDynamicPattern(pattern)) {
    const hint = /^[a-z]+$/.test(input) ? 'caption --help lists the commands' : undefined;
    throw new UserError(`expected an image file but ${input} does not exist`, { hint });
  }
  const paths = (await fastGlob(pattern, { suppressErrors: true })).filter(isImageName).sort(byName);
  if (paths.length === 0) {
    throw new UserError(`expected images that match ${input} but found none`, {
      hint: `files named ${[...EXTENSIONS].join(' ')} are looked at`,
    });
  }
  return { paths, many: true };
}

async function imagesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    throw new UserError(`cannot read ${folder}: ${messageOf(error)}`, { cause: error });
  });
  const names = entries
    .filter((entry) => !entry.isDirectory() && isImageName(entry.name))
    .map((entry) => entry.name);
  if (names.length === 0) {
    throw new UserError(`expected images in folder ${folder} but found none`, {
      hint: `files named ${[...EXTENSIONS].join(' ')} are looked at, those of folders within it are not`,
    });
  }
  return names.sort(byName).map((name) => join(folder, name));
}

function isImageName(path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return !name.startsWith('.') && EXTENSIONS.has(extname(name).toLowerCase());
}

/** `img2` before `img10`, the same on every machine. */
const collator = new Intl.Collator('en', { numeric: true });

function byName(a: string, b: string): number {
  return collator.compare(a, b) || (a < b ? -1 : 1);
}
