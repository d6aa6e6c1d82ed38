import { mkdir, open, rename, rm } from 'node:fs/promises';
import { posix } from 'node:path';
import { openPromise } from 'yauzl';
import { messageOf, UserError } from '../../src/errors.ts';
import { temporaryName } from '../../src/files/atomic.ts';
import { insideFolder } from '../../src/library/inside-folder.ts';

/**
 * Unpacks the files of these names from a zip file, whatever folders of it they lie in, into one folder: each
 * streamed to a temporary name that becomes its own when it is whole. Those that are there are written over.
 */
export async function unzipFiles(zip: string, names: readonly string[], folder: string): Promise<void> {
  const wanted = new Set(names);
  try {
    await mkdir(folder, { recursive: true });
    const archive = await openPromise(zip);
    try {
      for await (const entry of archive.eachEntry()) {
        const name = posix.basename(entry.fileName);
        if (entry.fileName.endsWith('/') || !wanted.delete(name)) continue;
        await writeStream(await archive.openReadStreamPromise(entry), insideFolder(folder, name));
        if (wanted.size === 0) break;
      }
    } finally {
      archive.close();
    }
  } catch (error) {
    throw new UserError(`cannot unpack ${zip}: ${messageOf(error)}`, { cause: error });
  }
  if (wanted.size > 0) throw new UserError(`expected ${[...wanted].join(', ')} in ${zip} but got none`);
}

async function writeStream(stream: AsyncIterable<Uint8Array>, path: string): Promise<void> {
  const temporary = temporaryName(path);
  const handle = await open(temporary, 'w');
  try {
    for await (const chunk of stream) await handle.writeFile(chunk);
    await handle.sync();
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
  await rename(temporary, path);
}
