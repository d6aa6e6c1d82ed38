import { readSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { UserError } from '../errors.ts';
import { fromFloat16, toFloat16 } from './float16.ts';

/**
 * Matrices of features, [N,F], as NumPy's .npy files (NEP 1, version 1.0): rows are appended and then counted
 * in the header, and read one by one.
 */

/** How a number is stored. */
export type NumberType = 'float32' | 'float16';

export interface RowFormat {
  /** F: numbers in a row. */
  readonly featureSize: number;
  readonly type: NumberType;
}

const BYTES: Readonly<Record<NumberType, number>> = { float32: 4, float16: 2 };

/** NumPy's names of them: little-endian, floating-point, so many bytes. */
const DESCRIPTION: Readonly<Record<NumberType, string>> = { float32: '<f4', float16: '<f2' };

/** Length of the header; its row count is rewritten in place. */
const HEADER_BYTES = 128;

/** Where row `row` starts; of row N, the length of a file of N rows. */
export function rowOffset(row: number, { featureSize, type }: RowFormat): number {
  return HEADER_BYTES + row * featureSize * BYTES[type];
}

/** Whole rows in a file of so many bytes. */
export function completeRows(bytes: number, { featureSize, type }: RowFormat): number {
  return Math.max(0, Math.floor((bytes - HEADER_BYTES) / (featureSize * BYTES[type])));
}

/** Says in the header that there are so many rows. */
export async function writeHeader(file: FileHandle, rows: number, format: RowFormat): Promise<void> {
  const header = Buffer.alloc(HEADER_BYTES, ' ');
  header.write('\x93NUMPY\x01\x00', 'latin1');
  header.writeUInt16LE(HEADER_BYTES - 10, 8);
  const [before, after] = description(format);
  // Padded with spaces, so that any N fits in the same bytes.
  header.write(`${before}${rows}${after}`, 10);
  header.write('\n', HEADER_BYTES - 1);
  await writeAll(file, header, 0);
}

/** Throws a UserError where the header, if there is a whole one, is of other rows: `path` is another file. */
export async function checkHeader(file: FileHandle, path: string, format: RowFormat): Promise<void> {
  const header = Buffer.alloc(HEADER_BYTES);
  const { bytesRead } = await file.read(header, 0, HEADER_BYTES, 0);
  if (bytesRead < HEADER_BYTES || description(format).every((part) => header.includes(part))) return;
  throw new UserError(
    `expected ${path} to hold rows of ${format.featureSize} numbers in ${format.type}, as its index says, but got another header`,
    { hint: 'put the file back that belongs to the index, or remove both and extract the features again' },
  );
}

/** What the header says before the number of rows and behind it. */
function description({ featureSize, type }: RowFormat): [string, string] {
  return [`{'descr': '${DESCRIPTION[type]}', 'fortran_order': False, 'shape': (`, `, ${featureSize}), }`];
}

/** Writes rows [n,F] from row `first` on; a RangeError for numbers that float16 has no place for. */
export async function writeRows(
  file: FileHandle,
  first: number,
  rows: Float32Array,
  format: RowFormat,
): Promise<void> {
  const stored = format.type === 'float16' ? toFloat16(rows) : rows;
  await writeAll(file, bytesOf(stored, 0, stored.length), rowOffset(first, format));
}

/**
 * Reads single rows of an open file. Synchronous, as a row mostly comes out of the operating system's cache, in
 * less time than a promise takes; nothing of the matrix is kept.
 */
export class RowReader {
  private readonly halves: Uint16Array;

  constructor(
    private readonly file: FileHandle,
    private readonly format: RowFormat,
  ) {
    this.halves = new Uint16Array(format.type === 'float16' ? format.featureSize : 0);
  }

  /** Copies a row, [F], into `into` from `offset` on; throws where the file has no such row, or can't be read. */
  copyRow(row: number, into: Float32Array, offset: number): void {
    const position = rowOffset(row, this.format);
    if (this.format.type === 'float32') {
      readAll(this.file, bytesOf(into, offset, this.format.featureSize), position);
    } else {
      readAll(this.file, bytesOf(this.halves, 0, this.halves.length), position);
      fromFloat16(this.halves, into, offset);
    }
  }
}

/** The bytes of `length` numbers from `first` on; files and arrays are little-endian alike wherever Node runs. */
function bytesOf(numbers: Float32Array | Uint16Array, first: number, length: number): Uint8Array {
  const size = numbers.BYTES_PER_ELEMENT;
  return new Uint8Array(numbers.buffer, numbers.byteOffset + first * size, length * size);
}

/** One system call moves at most 2 GiB: go in pieces. */
const PIECE = 1 << 28;

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, Math.min(PIECE, bytes.length - at), position + at);
    at += bytesWritten;
  }
}

function readAll(file: FileHandle, bytes: Uint8Array, position: number): void {
  for (let at = 0; at < bytes.length; ) {
    const read = readSync(file.fd, bytes, at, bytes.length - at, position + at);
    if (read === 0) throw new Error('it ends too early');
    at += read;
  }
}
