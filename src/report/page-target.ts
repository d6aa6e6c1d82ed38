import { open, realpath, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { messageOf, UserError } from '../errors.ts';
import { temporaryName } from '../files/atomic.ts';

interface TargetOptions {
  /** What the user gave the path with: `--html`. */
  readonly option: string;
  /** What `<meta name="generator">` says of the pages that may be overwritten. */
  readonly generator: string;
  /** Another file that will be written, with its option. */
  readonly other?: { readonly option: string; readonly path: string } | undefined;
}

/** The head of a page says within so many bytes what made it. */
const HEAD_BYTES = 4096;

/**
 * Finds out before long work whether a page can be written to a path afterwards: the folder is there and takes files,
 * and what would be overwritten is an older page of the same kind.
 *
 * @throws UserError
 */
export async function expectPageTarget(path: string, options: TargetOptions): Promise<void> {
  const { option, generator, other } = options;
  if (other && (await placeOf(path)) === (await placeOf(other.path))) {
    throw new UserError(`expected ${option} and ${other.option} to be two files but got ${path} for both`);
  }
  const folder = dirname(path);
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory()) {
    const why = found ? 'is a file' : 'does not exist';
    throw new UserError(`expected ${option} to be a file in an existing folder but ${folder} ${why}`);
  }
  if (basename(path) === '' || /[/\\]$/.test(path)) {
    throw new UserError(`expected ${option} to be a file but got ${path || 'nothing'}`);
  }
  await expectReplaceable(path, option, generator);
  await expectWritable(await placeOf(path), path);
}

/** The file that a path means: links followed as far as there are files. */
async function placeOf(path: string): Promise<string> {
  const folder = await realpath(dirname(path)).catch(() => resolve(dirname(path)));
  return realpath(path).catch(() => join(folder, basename(path)));
}

async function expectReplaceable(path: string, option: string, generator: string): Promise<void> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new UserError(`cannot write ${path}: ${error.message}`, { cause: error });
  });
  if (!found) return;
  if (found.isDirectory()) throw new UserError(`expected ${option} to be a file but ${path} is a folder`);
  if (found.isFile() && (found.size === 0 || (await headOf(path)).includes(metaOf(generator)))) return;
  throw new UserError(
    `expected ${option} to be a new file or an older page of ${generator} but ${path} is something else`,
    { hint: 'name another file, or remove that one' },
  );
}

function metaOf(generator: string): string {
  return `<meta name="generator" content="${generator}">`;
}

async function headOf(path: string): Promise<string> {
  try {
    const handle = await open(path);
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw new UserError(`cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}

/** Tries it, as permissions alone don't tell: disks may be read-only, and names too long. */
async function expectWritable(place: string, path: string): Promise<void> {
  const temporary = temporaryName(place);
  try {
    await (await open(temporary, 'w')).close();
    await rm(temporary);
  } catch (error) {
    throw new UserError(`cannot write ${path}: ${messageOf(error)}`, { cause: error });
  }
}
