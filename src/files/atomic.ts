import { chmod, mkdir, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { messageOf, UserError } from '../errors.ts';
import { sha256 } from './sha256.ts';

/**
 * Writes a whole file or none: the bytes go to a temporary name in the same folder, are synced, and
 * then take the final name. A crash or a full disk leaves the old file as it was. An old file's mode is
 * kept, and a symbolic link goes on pointing to what it points to.
 */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array | Iterable<Uint8Array>,
): Promise<void> {
  let temporary: string | undefined;
  try {
    await makeFolder(dirname(path));
    const target = await realpath(path).catch(() => path);
    temporary = temporaryName(target);
    const handle = await open(temporary, 'w');
    try {
      const pieces = typeof data === 'string' || data instanceof Uint8Array ? [data] : data;
      for (const piece of pieces) await handle.writeFile(piece);
      await handle.sync();
    } finally {
      await handle.close();
    }
    const old = await stat(target).catch(() => undefined);
    if (old) await chmod(temporary, old.mode);
    await rename(temporary, target);
  } catch (error) {
    if (temporary !== undefined) await rm(temporary, { force: true }).catch(() => undefined);
    throw new UserError(`cannot write ${path}: ${messageOf(error)}`, { cause: error });
  }
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    // "File already exists" would not tell anybody that it stands in the way of a folder.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new Error(`ENOTDIR: not a directory, mkdir '${path}'`, { cause: error });
  }
}

/**
 * Where a file is written before it takes its name: hidden, in the same folder. The same for every attempt,
 * so that what a kill leaves is gone after the next one, and short, as a name may be as long as names can be.
 */
export function temporaryName(path: string): string {
  return join(dirname(path), `.${sha256(basename(path)).slice(0, 16)}.tmp`);
}
