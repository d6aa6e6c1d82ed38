import { constants } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import { getSystemErrorMap } from 'node:util';
import { messageOf, UserError } from '../errors.ts';

/** An image file by path, or the bytes of one. */
export type ImageSource = string | Uint8Array;

/** Larger files are refused, so that one that is no photograph can't fill the memory. */
const MOST_BYTES = 512 * 2 ** 20;

/**
 * The bytes of an image file; a UserError that names it where it can't be read. Read here, not by sharp, which
 * would take `photo[1].jpg` for a file with options. Of a pipe or a device nothing is read: it might never end.
 */
export async function readImageBytes(source: ImageSource): Promise<Uint8Array> {
  if (typeof source !== 'string') {
    if (source.length === 0) throw new UserError('expected an image but got no bytes');
    return source;
  }
  const bytes = await readRegularFile(source).catch(async (error: unknown) => {
    throw error instanceof UserError ? error : await unreadable(source, error as NodeJS.ErrnoException);
  });
  if (bytes.length === 0) throw new UserError(`expected an image file but ${source} is empty`);
  return bytes;
}

/** Why the system didn't give the file. */
async function unreadable(path: string, cause: NodeJS.ErrnoException): Promise<UserError> {
  const { code, errno } = cause;
  const expected = (why: string) => new UserError(`expected an image file but ${path} ${why}`, { cause });
  if (code === 'ENOENT') return expected(await whyMissing(path));
  if (code === 'ENXIO') return expected('is a socket');
  // Node's own message would name the path a second time, with its line breaks.
  const [, reason = messageOf(cause)] = getSystemErrorMap().get(errno ?? 0) ?? [];
  return new UserError(`cannot read ${path}: ${reason}`, { cause });
}

async function whyMissing(path: string): Promise<string> {
  const found = await lstat(path).catch(() => undefined);
  if (found?.isSymbolicLink()) return 'is a link to a file that does not exist';
  // Node puts this character for bytes of a name that aren't UTF-8, and then the file can't be found by it.
  return path.includes('\uFFFD') ? 'does not exist, or its name is not UTF-8' : 'does not exist';
}

async function readRegularFile(path: string): Promise<Uint8Array> {
  // Without O_NONBLOCK, opening a pipe waits until somebody writes to it. (Windows has neither.)
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stats = await handle.stat();
    if (stats.isDirectory()) throw new UserError(`expected an image file but ${path} is a directory`);
    if (!stats.isFile()) {
      throw new UserError(`expected an image file but ${path} is a pipe or a device`, {
        hint: 'what another program writes is read from standard input: program | caption -',
      });
    }
    if (stats.size > MOST_BYTES) {
      const size = `${Math.round(stats.size / 2 ** 20)} MB`;
      throw new UserError(
        `expected an image file of at most ${MOST_BYTES / 2 ** 20} MB but ${path} has ${size}`,
      );
    }
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}
