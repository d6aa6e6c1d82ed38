import { stat } from 'node:fs/promises';
import { basename, join, normalize, parse, relative, resolve, sep } from 'node:path';
import { UserError } from '../errors.ts';
import { readFileList } from './file-list.ts';
import { isPattern, matchPattern } from './patterns.ts';
import { IMAGE_EXTENSIONS, isDecoded, isMissing, type OnProblem, unreadable, walkFolder } from './walk.ts';

/** Stands for standard input among the inputs. */
export const STDIN = '-';

/** Inputs that came to nothing, and why. */
export interface InputProblem {
  readonly input: string;
  readonly error: UserError;
}

export interface FoundImage {
  /** The input joined with what was found below it; `-` stays as it is. */
  readonly path: string;
  /** What of the path `--output-dir` mirrors: relative, with `/` between, never up. */
  readonly within: string;
}

export interface FoundImages {
  /** In the order of the inputs, then of the list; what one input stands for in natural order. Each file once. */
  readonly images: readonly FoundImage[];
  readonly problems: readonly InputProblem[];
  /** Whether it was one file (or standard input) named by itself. */
  readonly single: boolean;
}

interface InputOptions {
  /** Whether folders stand also for the images of the folders within them. */
  readonly recursive?: boolean;
  /** A file that lists images, or `-`. */
  readonly fileList?: string;
  /** Whether the list has NUL behind each path rather than a line end. */
  readonly nullSeparated?: boolean;
}

/**
 * The images that a command's inputs stand for: files, folders, patterns for shells that don't expand them, and
 * `-`; then those of a list. A path that exists wins over its meaning as a pattern, so `photo[1].jpg` is that
 * file; in a list everything is the file of that name.
 *
 * @throws UserError if standard input is named twice, or the list can't be used
 */
export async function findImages(
  inputs: readonly string[],
  { recursive = false, fileList, nullSeparated = false }: InputOptions = {},
): Promise<FoundImages> {
  const fromStdin = [...inputs, fileList].filter((input) => input === STDIN).length;
  if (fromStdin > 1) throw new UserError('expected - (standard input) once but got it twice');
  const found = new ImageSet();
  const problems: InputProblem[] = [];
  let single = inputs.length === 1 && fileList === undefined;
  for (const input of inputs) {
    try {
      const { images, many } = await expand(input, recursive, problems);
      for (const image of images) found.add(image);
      single &&= !many;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problems.push({ input, error });
    }
  }
  if (fileList !== undefined) {
    for (const entry of await readFileList(fileList, nullSeparated, into(problems))) {
      // In a list - is a file of that name.
      found.add({ path: entry === STDIN ? `./${entry}` : entry, within: mirrored(entry) });
    }
  }
  return { images: found.images, problems, single };
}

/** Images in the order they come, each file once, whichever way its path is written. */
class ImageSet {
  readonly images: FoundImage[] = [];
  private readonly places = new Set<string>();

  add(image: FoundImage): void {
    const place = image.path === STDIN ? STDIN : resolve(image.path);
    if (this.places.has(place)) return;
    this.places.add(place);
    this.images.push(image);
  }
}

function into(problems: InputProblem[]): OnProblem {
  return (input, error) => problems.push({ input, error });
}

interface Expanded {
  readonly images: readonly FoundImage[];
  /** Whether the input may stand for more than one. */
  readonly many: boolean;
}

async function expand(input: string, recursive: boolean, problems: InputProblem[]): Promise<Expanded> {
  if (input === STDIN) return { images: [{ path: input, within: input }], many: false };
  if (input === '') throw new UserError('expected the name of an image but got an empty text');
  const kind = await stat(input).catch((error: NodeJS.ErrnoException) => {
    if (isMissing(error) && !isDecoded(input)) return undefined;
    throw unreadable(input, error);
  });
  if (kind?.isDirectory()) return { images: await imagesIn(input, recursive, problems), many: true };
  if (kind) return { images: [{ path: input, within: basename(input) }], many: false };
  if (isPattern(input)) return { images: await imagesLike(input, problems), many: true };
  const hint = /^[a-z]+$/.test(input) ? 'caption --help lists the commands' : undefined;
  throw new UserError(`expected an image file but ${input} does not exist`, { hint });
}

async function imagesIn(folder: string, recursive: boolean, problems: InputProblem[]): Promise<FoundImage[]> {
  const before = problems.length;
  const { files, deeper } = await walkFolder(folder, recursive, into(problems));
  if (files.length === 0 && problems.length === before) {
    const hint = deeper ? '--recursive looks into the folders within it' : LOOKED_AT;
    throw new UserError(`expected images in folder ${folder} but found none`, { hint });
  }
  return files.map((within) => ({ path: join(folder, within), within }));
}

async function imagesLike(pattern: string, problems: InputProblem[]): Promise<FoundImage[]> {
  const before = problems.length;
  const { paths, base } = await matchPattern(pattern, into(problems));
  if (paths.length === 0 && problems.length === before) {
    throw new UserError(`expected images that match ${pattern} but found none`, { hint: LOOKED_AT });
  }
  return paths.map((path) => ({ path, within: mirrored(relative(base, path)) }));
}

const LOOKED_AT = `files named ${[...IMAGE_EXTENSIONS].join(' ')} are looked at`;

/** A path as it can stand below a folder: one that leads up is taken from the root, as an absolute one is. */
function mirrored(path: string): string {
  const direct = normalize(path);
  const whole = direct.split(sep)[0] === '..' ? resolve(direct) : direct;
  return whole.slice(parse(whole).root.length).replaceAll(sep, '/') || '.';
}
