import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
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
  let bytes: Uint8Array;
  try {
    bytes = await readRegularFile(source);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') {
      throw new UserError(`expected an image file but ${source} does not exist`, { cause: error });
    }
    throw new UserError(`cannot read ${source}: ${messageOf(error)}`, { cause: error });
  }
  if (bytes.length === 0) throw new UserError(`expected an image file but ${source} is empty`);
  return bytes;
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
