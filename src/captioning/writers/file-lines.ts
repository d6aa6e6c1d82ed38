import type { FileHandle } from 'node:fs/promises';

const CHUNK = 2 ** 16;
const NEWLINE = 0x0a;

/** The bytes from `start` to `end`, or to the end of the file. */
export async function readAt(handle: FileHandle, start: number, end: number): Promise<Buffer> {
  const bytes = Buffer.alloc(Math.max(0, end - start));
  let length = 0;
  while (length < bytes.length) {
    const { bytesRead } = await handle.read(bytes, length, bytes.length - length, start + length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return bytes.subarray(0, length);
}

/**
 * The lines between two offsets, each with its line end; the last may have none.
 *
 * @param limit a longer line comes in pieces of at least so many bytes
 */
export async function* linesOf(
  handle: FileHandle,
  start: number,
  end: number,
  limit: number,
): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for (let at = start; at < end; at += CHUNK) {
    const bytes = Buffer.concat([rest, await readAt(handle, at, Math.min(at + CHUNK, end))]);
    let from = 0;
    let next = bytes.indexOf(NEWLINE, rest.length);
    while (next >= 0) {
      yield bytes.subarray(from, next + 1);
      from = next + 1;
      next = bytes.indexOf(NEWLINE, from);
    }
    rest = bytes.subarray(from);
    if (rest.length >= limit) {
      yield rest;
      rest = Buffer.alloc(0);
    }
  }
  if (rest.length > 0) yield rest;
}

/** The size without the NUL bytes that a power cut may leave where the data of a file's last blocks was to go. */
export async function sizeWithoutNuls(handle: FileHandle, size: number): Promise<number> {
  for (let end = size; end > 0; end -= CHUNK) {
    const start = Math.max(0, end - CHUNK);
    const last = (await readAt(handle, start, end)).findLastIndex((byte) => byte !== 0);
    if (last >= 0) return start + last + 1;
  }
  return 0;
}
