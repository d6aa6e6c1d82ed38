import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import fastGlob from 'fast-glob';
import {
  isDecoded,
  isImageName,
  isMissing,
  isNew,
  type OnProblem,
  openable,
  sortNaturally,
  unreadable,
} from './walk.ts';

interface Matched {
  /** As the pattern spells them, in natural order. */
  readonly paths: string[];
  /** The folder that the pattern's fixed part names: `photos` for `photos/*.jpg`; empty for the working folder. */
  readonly base: string;
}

/** Whether a path is a pattern as shells have them: `*`, `**`, `?`, `[a-z]`, `{a,b}`, `!(a)`. */
export function isPattern(path: string): boolean {
  return fastGlob.isDynamicPattern(posix(path));
}

/**
 * The images that a pattern matches, hidden ones where it spells the dot. Links are followed; `**` comes to each
 * folder once, which ends loops.
 */
export async function matchPattern(pattern: string, onProblem: OnProblem): Promise<Matched> {
  const matched = new Set<string>();
  const bases: string[] = [];
  // Alternatives in braces may start at different folders; each is a search of its own.
  for (const { base, patterns } of fastGlob.generateTasks(posix(pattern))) {
    bases.push(base === '.' ? '' : base);
    const entries = await fastGlob(patterns, {
      fs: { readdir: folderReader(pattern.includes('**'), onProblem) },
      // Which of two links to a folder is entered must not depend on which is quicker.
      concurrency: 1,
      suppressErrors: true,
      // A FIFO or a link that leads nowhere is kept: whoever reads it says what is wrong with it.
      onlyFiles: false,
      objectMode: true,
    });
    for (const { path, dirent } of entries) {
      if (!dirent.isDirectory() && isImageName(path)) matched.add(path);
    }
  }
  return { paths: await openable(sortNaturally([...matched]), onProblem), base: commonFolder(bases) };
}

type ReadFolder = NonNullable<NonNullable<fastGlob.Options['fs']>['readdir']>;

/** `fs.readdir` that tells what it can't read and, if `once`, finds nothing in a folder it has read before. */
function folderReader(once: boolean, onProblem: OnProblem): ReadFolder {
  const entered = new Set<string>();
  const read = async (folder: string): Promise<Dirent[]> => {
    if (once && !(await isNew(folder, entered))) return [];
    const entries = await readdir(folder, { withFileTypes: true });
    // A folder goes by its own name rather than by that of a link beside it.
    return entries.sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
  };
  // The names alone, which a call without options asks for, are never asked for.
  return (folder: string, _: unknown, done?: (error: Error | null, entries: Dirent[]) => void) => {
    read(folder).then(
      (entries) => done?.(null, entries),
      (error: Error) => {
        // The pattern's fixed part may name a folder that doesn't exist: it matches nothing then.
        if (!isMissing(error) || isDecoded(folder)) onProblem(folder, unreadable(folder, error));
        done?.(error, []);
      },
    );
  };
}

function rank(entry: Dirent): number {
  return entry.isSymbolicLink() ? 1 : 0;
}

/** The deepest folder that holds all of these. */
function commonFolder([first = '', ...others]: readonly string[]): string {
  const names = first.split('/');
  const shared = names.findIndex((name, i) => others.some((other) => other.split('/')[i] !== name));
  return names.slice(0, shared === -1 ? names.length : shared).join('/');
}

/** On Windows a backslash separates folders; in a pattern it would escape what follows. */
function posix(pattern: string): string {
  return process.platform === 'win32' ? pattern.replaceAll('\\', '/') : pattern;
}
