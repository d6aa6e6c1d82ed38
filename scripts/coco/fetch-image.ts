import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { UserError } from '../../src/errors.ts';
import { type DownloadOptions, download } from '../../src/library/download.ts';
import { TransientError } from '../../src/library/http.ts';
import { insideFolder } from '../../src/library/inside-folder.ts';
import { flawOf } from './try-images.ts';

export type ImageFetching = Pick<DownloadOptions, 'backoff' | 'idleTimeout' | 'retries' | 'signal'> & {
  /** Address that images lie below by their names: `http://images.cocodataset.org`. */
  readonly server: string;
  /** Where they are put, by their names. */
  readonly folder: string;
};

/** How often bytes that are no image are fetched. */
const ATTEMPTS = 2;

/**
 * Fetches an image (`train2017/000000000009.jpg`), unless it is there. Nobody tells the hashes of single images, so
 * each is decoded before it gets its name: a file of that name is whole and an image.
 *
 * @returns why this image can't be had, if so
 * @throws {UserError} what would happen to all others as well: no network, a full disk
 */
export async function fetchImage(key: string, fetching: ImageFetching): Promise<string | undefined> {
  const { server, folder, ...options } = fetching;
  const path = insideFolder(folder, key);
  if (existsSync(path)) return undefined;
  const unchecked = `${path}.unchecked`;
  const url = imageAddress(server, key);
  for (let attempt = 1; ; attempt++) {
    try {
      // COCO's server has no certificate for its name.
      await download({ ...options, url, to: unchecked, allowHttp: true });
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!isOwn(error)) throw error;
      return error.message;
    }
    const flaw = await flawOf(unchecked, key);
    if (flaw === undefined) {
      await rename(unchecked, path);
      return undefined;
    }
    await rm(unchecked);
    if (attempt === ATTEMPTS) return flaw;
  }
}

/** The address of an image on a server. */
function imageAddress(server: string, key: string): string {
  return `${server.replace(/\/+$/, '')}/${key.split('/').map(encodeURIComponent).join('/')}`;
}

/** Whether an error is about this one file, so that the others are worth a try. */
function isOwn(error: unknown): error is UserError {
  if (!(error instanceof UserError)) return false;
  const { cause } = error;
  return cause === undefined || (cause instanceof TransientError && cause.unreachable === undefined);
}
