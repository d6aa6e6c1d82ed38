import type { Dirent } from 'node:fs';
import { lstat, readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { messageOf, UserError } from '../errors.ts';

/** Endings of the files that are taken from a folder or by a pattern; a file named by itself may be called anything. */
export const IMAGE_EXTENSIONS: ReadonlySet<string> = new Set(
  '.jpg .jpeg .jpe .jfif .png .webp .tif .tiff .gif .avif .svg'.split(' '),
);

/** Whether a path is called like an image that is not hidden. */
export function isImageName(path: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return !isHidden(name) && IMAGE_EXTENSIONS.has(extname(name).toLowerCase());
}

/** Is told what is left out, and why; the rest goes on. */
export type OnProblem = (path: string, error: UserError) => void;

interface Walked {
  /** Relative to the folder, with `/` between, in natural order. */
  readonly files: string[];
  /** Whether it has folders that were not entered. */
  readonly deeper: boolean;
}

/**
 * The images in a folder, with `recursive` also those of the folders within it: everything named like one that
 * is not a folder, links that lead nowhere included. Hidden files and folders are left out. Links are followed,
 * but no folder is read twice, which ends loops; a folder goes by its own name rather than by that of a link to it.
 *
 * @throws UserError if the folder itself can't be read
 */
export async function walkFolder(folder: string, recursive: boolean, onProblem: OnProblem): Promise<Walked> {
  const files: string[] = [];
  const entered = new Set<string>();
  let deeper = false;
  // Links wait until all that can be reached without them is done.
  let links: string[];
  for (let folders = ['']; folders.length > 0; folders = sortNaturally(links)) {
    links = [];
    for (const below of folders) {
      try {
        const place = join(folder, below);
        if (!(await isNew(place, entered))) continue;
        for (const { name, isFolder, isLink } of await entriesOf(place)) {
          const path = below === '' ? name : `${below}/${name}`;
          if (!isFolder) {
            if (isImageName(name)) files.push(path);
          } else if (!recursive) deeper = true;
          // The list grows while it is walked.
          else (isLink ? links : folders).push(path);
        }
      } catch (error) {
        if (below === '') throw unreadable(folder, error);
        onProblem(join(folder, below), unreadable(join(folder, below), error));
      }
    }
  }
  return { files: await openable(sortNaturally(files), onProblem, folder), deeper };
}

/** Whether a folder has not been entered yet, under any name; it now has been. */
export async function isNew(folder: string, entered: Set<string>): Promise<boolean> {
  const { dev, ino } = await stat(folder, { bigint: true });
  const before = entered.size;
  return entered.add(`${dev}:${ino}`).size > before;
}

interface Entry {
  readonly name: string;
  /** Whether it is a folder, or a link to one. */
  readonly isFolder: boolean;
  readonly isLink: boolean;
}

/** What a folder holds, hidden entries left out. */
async function entriesOf(folder: string): Promise<Entry[]> {
  const entries = (await readdir(folder, { withFileTypes: true })).filter(({ name }) => !isHidden(name));
  const entryOf = async (entry: Dirent): Promise<Entry> => {
    const { name } = entry;
    const isLink = entry.isSymbolicLink();
    if (!isLink) return { name, isFolder: entry.isDirectory(), isLink };
    const target = await stat(join(folder, name)).catch(() => undefined);
    return { name, isFolder: target?.isDirectory() ?? false, isLink };
  };
  return Promise.all(entries.map(entryOf));
}

function isHidden(name: string): boolean {
  return name.startsWith('.');
}

/** Why a folder or a file came to nothing. */
export function unreadable(path: string, error: unknown): UserError {
  if (isDecoded(path) && isMissing(error)) return misnamed(path);
  return new UserError(`cannot read ${path}: ${messageOf(error)}`, { cause: error });
}

/** Whether the file system said that there is nothing of that name. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}

/** Those of the paths (relative to a folder) that name something: others were lost when they were decoded. */
export async function openable(
  paths: readonly string[],
  onProblem: OnProblem,
  folder = '',
): Promise<string[]> {
  const good: string[] = [];
  for (const path of paths) {
    const place = join(folder, path);
    if (isDecoded(path) && !(await lstat(place).catch(() => undefined))) onProblem(place, misnamed(place));
    else good.push(path);
  }
  return good;
}

/** Whether a name may be another than on disk: Node.js takes names as UTF-8 and puts U+FFFD for bytes that aren't. */
export function isDecoded(path: string): boolean {
  return path.includes('\uFFFD');
}

export function misnamed(path: string): UserError {
  return new UserError(
    `expected the name of ${path} to be UTF-8 but it has other bytes where \uFFFD stands`,
    {
      hint: 'rename it, for instance with convmv, which does so for whole folders',
    },
  );
}

/**
 * Paths (with `/` between) so that numbers within names count (`img2` before `img10`), cases and accents don't,
 * and a folder's contents stay together. Depends on nothing but the names, neither on the language of the
 * machine nor on its Unicode tables' order: every machine that takes a share of the work has to see one order.
 */
export function sortNaturally(paths: readonly string[]): string[] {
  return paths
    .map((path) => ({ path, key: path.split('/').map(keyOf).join('/') }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ path }) => path);
}

/** What a name is ordered by; the name itself decides where that is the same. */
function keyOf(name: string): string {
  const folded = name.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
  const padded = folded.replace(/0*(\d+)/g, (_, digits: string) => digits.padStart(20, '0'));
  return `${padded}\u0001${name}`;
}
