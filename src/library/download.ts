import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../errors.ts';
import { fileSha256 } from './file-sha256.ts';
import { addressOf, TransientError } from './http.ts';
import { RefusedError, TransientStatus } from './http-status.ts';
import { PartFile, removeLeftovers } from './part-file.ts';
import { type TransferOptions, transfer, WrongFile } from './transfer.ts';

/** A file to fetch, and how. */
export interface DownloadOptions extends TransferOptions {
  /** How often in a row it is tried again without getting any further: 6. */
  readonly retries?: number;
  /** Milliseconds before the n-th of these (from 1), where the server may have asked for `retryAfter`: `backoff`. */
  readonly backoff?: (attempt: number, retryAfter: number | undefined) => number;
}

/**
 * Fetches a file that takes its name only when it is whole and, as far as they are known, its SHA-256 and its size
 * are right; a file that is there and has them is left as it is. An interrupted download is continued by the next
 * call, in this process or another.
 *
 * @throws {RefusedError} when the server answers 404 and the like
 * @throws {UserError} when it can't be reached, has another file or the disk is full
 * @throws the signal's reason
 */
export async function download(options: DownloadOptions): Promise<void> {
  try {
    options.signal?.throwIfAborted();
    addressOf(options.url, options.allowHttp ?? false);
    if (await isThere(options)) await removeLeftovers(options.to);
    else await fetchFile(options);
  } catch (error) {
    options.signal?.throwIfAborted();
    throw error;
  }
}

/** The address of the same file below a mirror's: its name appended to that. */
export function mirrored(url: string, mirror: string): string {
  const file = new URL(url).pathname.split('/').at(-1)!;
  const base = addressOf(mirror, true);
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  base.pathname += file;
  return base.href;
}

/** Half a second, doubled each time up to half a minute, less up to a half by chance; or what the server asks for. */
export function backoff(attempt: number, retryAfter: number | undefined): number {
  const wait = Math.min(30_000, 500 * 2 ** (attempt - 1));
  return Math.max(retryAfter ?? 0, wait * (1 - Math.random() / 2));
}

async function isThere({ to, sha256, bytes, signal }: DownloadOptions): Promise<boolean> {
  const there = await stat(to).catch(() => undefined);
  if (!there) return false;
  if (!there.isFile()) throw new UserError(`expected ${to} to be a file but got something else`);
  if (bytes !== undefined && there.size !== bytes) return false;
  return !sha256 || (await fileSha256(to, signal)) === sha256.toLowerCase();
}

/** Fetches until the file is right; a wrong one gets a second chance, from its beginning. */
async function fetchFile(options: DownloadOptions): Promise<void> {
  for (let wrong = 0; ; ) {
    const part = await PartFile.open(options.to);
    try {
      await persist(part, options);
      await verify(part, options);
      // Otherwise another process was at it too.
      if ((await part.take()) || (await isThere(options))) return;
    } catch (error) {
      if (!(error instanceof WrongFile)) throw error;
      if (++wrong < 2) continue;
      const hint = `${options.url} is not the file that is meant: it has changed, or the mirror has another`;
      throw new UserError(error.message, { hint });
    } finally {
      await part.close();
    }
  }
}

async function verify(part: PartFile, { to, sha256, signal }: DownloadOptions): Promise<void> {
  if (!sha256) return;
  const got = await part.sha256(signal);
  if (got === sha256.toLowerCase()) return;
  await part.discard();
  throw new WrongFile(`expected ${basename(to)} to have the SHA-256 ${sha256} but got ${got}`);
}

/** Tries until all bytes have come, or `retries` times in a row without getting any further. */
async function persist(part: PartFile, options: DownloadOptions): Promise<void> {
  const { retries = 6, signal } = options;
  let reached = false;
  let furthest = part.length;
  for (let failures = 0; ; ) {
    try {
      await transfer(part, options);
      return;
    } catch (error) {
      if (!(error instanceof TransientError) || signal?.aborted) throw error;
      if (part.length > furthest) failures = 0;
      furthest = Math.max(furthest, part.length);
      reached ||= error.unreachable === undefined;
      failures++;
      // Who has no network should not have to wait long to be told.
      if (failures > Math.min(retries, reached ? retries : 1)) throw surrender(error, part, options);
      const asked = error instanceof TransientStatus ? error.retryAfter : undefined;
      await sleep((options.backoff ?? backoff)(failures, asked), undefined, { signal });
    }
  }
}

/** The error for the user when trying again has not helped. */
function surrender(error: TransientError, part: PartFile, options: DownloadOptions): UserError {
  const { url, byHand } = options;
  const kept = part.length > 0 ? ['what came so far is kept: the same command goes on from there'] : [];
  const hint = [...kept, ...(byHand === undefined ? [] : [byHand])].join('; ') || undefined;
  if (error.unreachable !== undefined) {
    return new UserError(`cannot reach ${error.unreachable}: ${error.message}`, { hint, cause: error });
  }
  const message = `cannot download ${url}: ${error.message}`;
  if (error instanceof TransientStatus) return new RefusedError(error.status, message, hint);
  return new UserError(message, { hint, cause: error });
}
