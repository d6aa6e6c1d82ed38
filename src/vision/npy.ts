import type { FileHandle } from 'node:fs/promises';

/**
 * Matrices [N,W] of float32 as NumPy's .npy files (NEP 1, version 1.0), of which rows are appended and
 * then counted in the header.
 */

/** Length of the header; its row count is rewritten in place. */
const HEADER_BYTES = 128;

/** Where row `row` starts; of row N, the length of a file of N rows. */
export function rowOffset(row: number, width: number): number {
  return HEADER_BYTES + row * width * 4;
}

/** Whole rows in a file of so many bytes. */
export function completeRows(bytes: number, width: number): number {
  return Math.max(0, Math.floor((bytes - HEADER_BYTES) / (width * 4)));
}

/** Says in the header that there are so many rows. */
export async function writeHeader(file: FileHandle, rows: number, width: number): Promise<void> {
  const header = Buffer.alloc(HEADER_BYTES, ' ');
  header.write('\x93NUMPY\x01\x00', 'latin1');
  header.writeUInt16LE(HEADER_BYTES - 10, 8);
  // Padded with spaces, so that any N fits in the same bytes.
  header.write(`{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${width}), }`, 10);
  header.write('\n', HEADER_BYTES - 1);
  await writeAll(file, header, 0);
}

/** Writes rows [n,width] from row `first` on. */
export async function writeRows(
  file: FileHandle,
  first: number,
  rows: Float32Array,
  width: number,
): Promise<void> {
  await writeAll(file, bytesOf(rows), rowOffset(first, width));
}

/** The first rows, [rows,width]. */
export async function readRows(file: FileHandle, rows: number, width: number): Promise<Float32Array> {
  const data = new Float32Array(rows * width);
  await readAll(file, bytesOf(data), rowOffset(0, width));
  return data;
}

function bytesOf(data: Float32Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** One system call moves at most 2 GiB: go in pieces. */
const PIECE = 1 << 28;

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, Math.min(PIECE, bytes.length - at), position + at);
    at += bytesWritten;
  }
}

async function readAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, at, Math.min(PIECE, bytes.length - at), position + at);
    if (bytesRead === 0) throw new Error('it ends too early');
    at += bytesRead;
  }
}
