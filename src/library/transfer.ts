import { basename } from 'node:path';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { UserError } from '../errors.ts';
import { type Answer, get, networkError, TransientError } from './http.ts';
import { refusal } from './http-status.ts';
import { IdleWatch } from './idle-watch.ts';
import type { PartFile } from './part-file.ts';
import { continues, isComplete, rangeHeaders, sizeOf, sourceOf, type Wanted } from './range.ts';

/** A file to fetch, and what matters to a single request for it. */
export interface TransferOptions extends Wanted {
  /** Path of the file; while it comes it is called `<to>.part`. */
  readonly to: string;
  /** Allows plain http from other machines, for files that the caller checks otherwise. */
  readonly allowHttp?: boolean;
  /** What to tell a user who cannot get the file: how it is put in its place by hand. */
  readonly byHand?: string;
  /** Told after every piece how many bytes are there, and of how many where that is known. */
  readonly onProgress?: (received: number, total: number | undefined) => void;
  /** Stops the download; what came so far is kept. */
  readonly signal?: AbortSignal;
  /** Milliseconds without a byte after which a connection is given up: 30,000. */
  readonly idleTimeout?: number;
}

/** The server has another file than the one that is wanted. */
export class WrongFile extends Error {
  static size(to: string, expected: number, got: number | string): WrongFile {
    return new WrongFile(`expected ${basename(to)} to have ${expected} bytes but got ${got}`);
  }
}

/**
 * One request for what a part lacks, whose bytes are appended as they come: the rest where the server has the same
 * version and knows ranges, otherwise the whole file.
 *
 * @throws {TransientError} when it ends early
 * @throws {WrongFile} when it has another size than the one that is wanted
 */
export async function transfer(part: PartFile, options: TransferOptions): Promise<void> {
  if (isComplete(part, options)) return;
  const { idleTimeout = 30_000, signal, url } = options;
  const watch = new IdleWatch(idleTimeout, signal);
  try {
    while (!(await request(part, options, watch)));
  } catch (error) {
    throw networkError(watch.signal.aborted ? watch.signal.reason : error, new URL(url).host);
  } finally {
    watch.end();
  }
}

/** @returns false where the part was no beginning of what the server has, and has been discarded */
async function request(part: PartFile, options: TransferOptions, watch: IdleWatch): Promise<boolean> {
  const { url, bytes, allowHttp = false } = options;
  const range = rangeHeaders(part, options);
  watch.start();
  // Compressed bytes could not be continued.
  const headers = { 'user-agent': 'caption', 'accept-encoding': 'identity', ...range };
  const answer = await get(url, { headers, allowHttp, signal: watch.signal });
  watch.stop();
  try {
    const { status } = answer;
    const asked = 'range' in range;
    if (asked && (status === 416 || (status === 206 && !continues(answer, part, options)))) {
      await part.discard();
      return false;
    }
    if (status === 200) await begin(answer, part, options);
    else if (!asked || status !== 206) throw refusal(answer, url, options.byHand);
    await receive(answer, part, bytes ?? sizeOf(answer) ?? part.source?.size, options, watch);
    return true;
  } finally {
    answer.drop();
  }
}

async function begin(answer: Answer, part: PartFile, options: TransferOptions): Promise<void> {
  const { url, to, bytes, sha256 } = options;
  const size = sizeOf(answer);
  if (bytes !== undefined && (size ?? bytes) !== bytes) throw WrongFile.size(to, bytes, size!);
  // A body that just ends with its connection may be cut, and only what is known of the file would tell.
  const ends = answer.header('transfer-encoding') ?? answer.header('content-encoding');
  if ((size ?? bytes ?? sha256 ?? ends) === undefined) {
    throw new UserError(
      `cannot download ${url}: the server doesn't say how long it is, so it could come in half`,
    );
  }
  await part.startAnew(sourceOf(answer, url));
}

async function receive(
  answer: Answer,
  part: PartFile,
  total: number | undefined,
  { to, onProgress }: TransferOptions,
  watch: IdleWatch,
): Promise<void> {
  watch.start();
  for await (const chunk of decoded(answer)) {
    watch.stop();
    const length = part.length + chunk.length;
    if (total !== undefined && length > total) {
      await part.discard();
      throw WrongFile.size(to, total, 'more');
    }
    await part.append(chunk);
    onProgress?.(length, total);
    watch.start();
  }
  if (part.length < (total ?? 0)) {
    throw new TransientError(`the answer ended after ${part.length} of ${total} bytes`);
  }
}

/** The bytes of the file. Some servers compress although they are asked not to. */
function decoded({ body, header }: Answer): AsyncIterable<Uint8Array> {
  const encoding = header('content-encoding');
  if (encoding === undefined || encoding === 'identity') return body;
  if (encoding !== 'gzip' && encoding !== 'x-gzip') {
    throw new UserError(`expected a file as it is or in gzip but the server sends it in ${encoding}`);
  }
  return pipeline(body, createGunzip(), () => undefined);
}
