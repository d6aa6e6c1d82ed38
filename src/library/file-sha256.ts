import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { messageOf, UserError } from '../errors.ts';

/** SHA-256 of a file of any size, which is never in memory as a whole: 64 hex digits. */
export async function fileSha256(path: string, signal?: AbortSignal): Promise<string> {
  try {
    return await streamSha256(createReadStream(path, { signal, highWaterMark: 1 << 20 }));
  } catch (error) {
    signal?.throwIfAborted();
    throw new UserError(`cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}

/** SHA-256 of all bytes of a stream: 64 hex digits. */
export async function streamSha256(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of stream) hash.update(chunk);
  return hash.digest('hex');
}
