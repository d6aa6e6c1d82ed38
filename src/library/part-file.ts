import { type FileHandle, mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { messageOf, UserError } from '../errors.ts';
import { streamSha256 } from './file-sha256.ts';

const source = z.object({
  /** The address that was asked for, before redirects. */
  url: z.string(),
  /** What tells versions of the file apart: a strong ETag or the time of its last change, as the server wrote it. */
  validator: z.string().optional(),
  /** Bytes of the whole file. */
  size: z.number().int().min(0).optional(),
});

/** Where the bytes of an unfinished file come from, as `<file>.part.json` holds it. */
export type Source = z.infer<typeof source>;

/**
 * A file on its way, `<file>.part`: it only grows at its end, and each beginning of the download gets a file of
 * its own on the disk. So two processes that fetch the same file at once write the same bytes to the same places,
 * or don't meet. All methods throw UserErrors.
 */
export class PartFile {
  private readonly to: string;
  private handle: FileHandle | undefined;
  private written: number;
  private origin: Source | undefined;

  private constructor(to: string, handle: FileHandle | undefined, written: number, origin?: Source) {
    this.to = to;
    this.handle = handle;
    this.written = written;
    this.origin = origin;
  }

  /** Opens what an earlier attempt has left of the file `to`, if anything, and makes its folder. */
  static async open(to: string): Promise<PartFile> {
    const path = partPath(to);
    return withWords(path, async () => {
      await mkdir(dirname(to), { recursive: true });
      const text = await readFile(sourcePath(to), 'utf8').catch(unless('ENOENT'));
      const handle = await open(path, 'r+').catch(unless('ENOENT'));
      if (!handle) return new PartFile(to, undefined, 0);
      return new PartFile(to, handle, (await handle.stat()).size, parseSource(text));
    });
  }

  /** Bytes that are there. */
  get length(): number {
    return this.written;
  }

  /** Where they come from, if that is known. */
  get source(): Source | undefined {
    return this.origin;
  }

  /** Throws away what is there, for the whole file from `source`. */
  async startAnew(source: Source): Promise<void> {
    await this.discard();
    await withWords(partPath(this.to), async () => {
      // Not atomic, as half of it can't be parsed.
      await writeFile(sourcePath(this.to), `${JSON.stringify(source)}\n`);
      // In the file of another process that begins right now, its bytes could be behind ours.
      while (!this.handle) {
        await rm(partPath(this.to), { force: true });
        this.handle = await open(partPath(this.to), 'wx+').catch(unless('EEXIST'));
      }
      this.origin = source;
    });
  }

  async append(chunk: Uint8Array): Promise<void> {
    await withWords(partPath(this.to), async () => {
      for (let at = 0; at < chunk.length; ) {
        const { bytesWritten } = await this.handle!.write(chunk, at, chunk.length - at, this.written);
        at += bytesWritten;
        this.written += bytesWritten;
      }
    });
  }

  /** SHA-256 of what is there. */
  async sha256(signal?: AbortSignal): Promise<string> {
    const options = { start: 0, autoClose: false, highWaterMark: 1 << 20, signal };
    return withWords(partPath(this.to), () => streamSha256(this.handle!.createReadStream(options)));
  }

  /**
   * Gives the file its name.
   *
   * @returns whether it could: false means that another process has finished it or started it anew
   */
  async take(): Promise<boolean> {
    return withWords(this.to, async () => {
      await this.handle!.sync();
      const [ours, there] = await Promise.all([
        this.handle!.stat(),
        stat(partPath(this.to)).catch(unless('ENOENT')),
      ]);
      if (there?.ino !== ours.ino) return false;
      await this.close();
      const renamed = rename(partPath(this.to), this.to).then(() => true);
      if (!(await renamed.catch(unless('ENOENT')))) return false;
      await rm(sourcePath(this.to), { force: true });
      return true;
    });
  }

  /** Removes what is there. */
  async discard(): Promise<void> {
    await this.close();
    await withWords(partPath(this.to), () => removeLeftovers(this.to));
    this.written = 0;
    this.origin = undefined;
  }

  /** Leaves what is there to the next attempt. */
  async close(): Promise<void> {
    await this.handle?.close();
    this.handle = undefined;
  }
}

/** Removes what unfinished downloads of a file have left. */
export async function removeLeftovers(to: string): Promise<void> {
  await rm(partPath(to), { force: true });
  await rm(sourcePath(to), { force: true });
}

function partPath(to: string): string {
  return `${to}.part`;
}

function sourcePath(to: string): string {
  return `${to}.part.json`;
}

function parseSource(text: string | undefined): Source | undefined {
  try {
    return source.parse(JSON.parse(text ?? ''));
  } catch {
    return undefined;
  }
}

/** For `catch`: undefined where the error has this code. */
function unless(code: string): (error: NodeJS.ErrnoException) => undefined {
  return (error) => {
    if (error.code !== code) throw error;
  };
}

async function withWords<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      throw new UserError(`cannot write ${path}: the disk is full`, {
        hint: 'what came so far is kept: make room and run the same command again, which goes on from there',
        cause: error,
      });
    }
    throw new UserError(`cannot write ${path}: ${messageOf(error)}`, { cause: error });
  }
}
