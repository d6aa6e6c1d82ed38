import { type FileHandle, mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { InternalError, messageOf, UserError } from '../errors.ts';

/**
 * Features are extracted once and kept in two files, both readable without this program:
 *
 * - `name.npy`: float32 [N,F] (numpy.load reads it);
 * - `name.index.jsonl`: `{"format","encoder","hash","featureSize"}`, then the key of each row, one a line.
 *
 * Rows are written before their keys, so whatever is killed when, the first complete lines of the
 * index describe complete rows and the rest is cut off when the file is opened again.
 */
const FORMAT = 'caption features 1';

/** Length of the .npy header; its row count is rewritten in place. */
const HEADER_BYTES = 128;

interface IndexHead {
  readonly encoder: string;
  readonly hash: string;
  readonly featureSize: number;
}

/** Feature vectors in memory, found by the key of their image. */
export class FeatureTable {
  private readonly rows: ReadonlyMap<string, number>;

  constructor(
    /** Name of the encoder that made them. */
    readonly encoder: string,
    /** `Encoder.hash` of that encoder. */
    readonly hash: string,
    /** F. */
    readonly featureSize: number,
    /** In row order. */
    readonly keys: readonly string[],
    /** [N,F] row-major. */
    readonly data: Float32Array,
  ) {
    this.rows = new Map(keys.map((key, i) => [key, i]));
  }

  rowIndex(key: string): number | undefined {
    return this.rows.get(key);
  }

  /** The vector of an image, [F]: a view into `data`. */
  row(key: string): Float32Array | undefined {
    const i = this.rows.get(key);
    return i === undefined ? undefined : this.data.subarray(i * this.featureSize, (i + 1) * this.featureSize);
  }
}

/** Adds rows to a feature file; opening an existing one continues it. */
export class FeatureWriter {
  private constructor(
    private readonly path: string,
    private readonly matrix: FileHandle,
    private readonly index: FileHandle,
    private readonly featureSize: number,
    private readonly known: Set<string>,
  ) {}

  /**
   * Opens `path` (ending in .npy) for appending, making it if there is none. Rows that an interrupted run
   * left incomplete are cut off. A file made with another encoder (other hash) is a UserError.
   */
  static async open(
    path: string,
    encoder: string,
    hash: string,
    featureSize: number,
  ): Promise<FeatureWriter> {
    const indexPath = indexPathOf(path);
    const opened: FileHandle[] = [];
    try {
      await mkdir(dirname(path), { recursive: true });
      const index = await open(indexPath, 'a+');
      opened.push(index);
      // 'a' makes the file where there is none; rows are then written at their place, not appended.
      await (await open(path, 'a')).close();
      const matrix = await open(path, 'r+');
      opened.push(matrix);

      const { head, keys, ends } = parseIndex(await index.readFile(), indexPath);
      if (head && (head.hash !== hash || head.featureSize !== featureSize)) {
        throw otherEncoder(path, head, encoder, hash);
      }
      const { size } = await matrix.stat();
      // The head is the first thing that we write, so these rows are not ours to overwrite.
      if (!head && size > 0)
        throw new UserError(`expected ${path} to be ours to continue but it has no index ${indexPath}`);
      // Rows without a key, keys without a row, half a line: cut both files to what they agree on.
      const rows = Math.min(keys.length, completeRows(size, featureSize));
      await index.truncate(head ? ends[rows]! : 0);
      if (!head)
        await index.appendFile(`${JSON.stringify({ format: FORMAT, encoder, hash, featureSize })}\n`);
      await matrix.truncate(HEADER_BYTES + rows * featureSize * 4);
      const writer = new FeatureWriter(path, matrix, index, featureSize, new Set(keys.slice(0, rows)));
      await writer.writeHeader();
      return writer;
    } catch (error) {
      await Promise.all(opened.map((handle) => handle.close()));
      throw writeError(path, error);
    }
  }

  has(key: string): boolean {
    return this.known.has(key);
  }

  /** Rows in the file. */
  get size(): number {
    return this.known.size;
  }

  /** Appends rows: `rows` is [keys.length, F] row-major, keys that are not in the file yet. */
  async append(keys: readonly string[], rows: Float32Array): Promise<void> {
    if (rows.length !== keys.length * this.featureSize) {
      throw new InternalError(
        `expected ${keys.length} rows of ${this.featureSize} but got ${rows.length} values`,
      );
    }
    const position = HEADER_BYTES + this.size * this.featureSize * 4;
    for (const key of keys) {
      if (this.known.has(key)) throw new InternalError(`${key} is in the feature file already`);
      this.known.add(key);
    }
    try {
      await writeAll(this.matrix, new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength), position);
      await this.index.appendFile(keys.map((key) => `${JSON.stringify(key)}\n`).join(''));
      await this.writeHeader();
    } catch (error) {
      throw writeError(this.path, error);
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.matrix.close(), this.index.close()]);
  }

  private async writeHeader(): Promise<void> {
    await writeAll(this.matrix, npyHeader(this.size, this.featureSize), 0);
  }
}

/** Reads a feature file whole; a UserError names what is missing or damaged. */
export async function readFeatures(path: string): Promise<FeatureTable> {
  const indexPath = indexPathOf(path);
  try {
    const { head, keys } = parseIndex(await readFile(indexPath), indexPath);
    if (!head)
      throw new UserError(`expected ${indexPath} to start with a line about the encoder but it is empty`);
    const matrix = await open(path);
    try {
      const rows = Math.min(keys.length, completeRows((await matrix.stat()).size, head.featureSize));
      const data = new Float32Array(rows * head.featureSize);
      await readAll(matrix, new Uint8Array(data.buffer), HEADER_BYTES);
      return new FeatureTable(head.encoder, head.hash, head.featureSize, keys.slice(0, rows), data);
    } finally {
      await matrix.close();
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`cannot read the feature file ${path}: ${messageOf(error)}`, {
      hint: 'caption features makes one',
      cause: error,
    });
  }
}

function indexPathOf(path: string): string {
  if (!path.endsWith('.npy'))
    throw new UserError(`expected the name of a feature file to end in .npy but got ${path}`);
  return `${path.slice(0, -'.npy'.length)}.index.jsonl`;
}

/** Whole rows in an .npy file of so many bytes. */
function completeRows(bytes: number, featureSize: number): number {
  return Math.max(0, Math.floor((bytes - HEADER_BYTES) / (featureSize * 4)));
}

/** The complete lines of an index; `ends[n]` is the offset behind the head and n keys. */
function parseIndex(bytes: Buffer, path: string): { head: IndexHead | null; keys: string[]; ends: number[] } {
  let head: IndexHead | null = null;
  const keys: string[] = [];
  const ends: number[] = [];
  let start = 0;
  for (let end = bytes.indexOf(10, start); end >= 0; end = bytes.indexOf(10, start)) {
    const line = bytes.toString('utf8', start, end);
    start = end + 1;
    try {
      const value = JSON.parse(line);
      if (head === null) {
        if (value.format !== FORMAT) throw new Error('not the head');
        head = value as IndexHead;
      } else {
        if (typeof value !== 'string') throw new Error('not a key');
        keys.push(value);
      }
    } catch {
      throw new UserError(
        `expected ${path} to be the index of a feature file but its line ${ends.length + 1} is ${line}`,
      );
    }
    ends.push(start);
  }
  return { head, keys, ends };
}

/** Header of an .npy file, version 1.0, padded so that any N fits in the same bytes. */
function npyHeader(rows: number, featureSize: number): Uint8Array {
  const header = Buffer.alloc(HEADER_BYTES, ' ');
  header.write('\x93NUMPY\x01\x00', 'latin1');
  header.writeUInt16LE(HEADER_BYTES - 10, 8);
  header.write(`{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${featureSize}), }`, 10);
  header.write('\n', HEADER_BYTES - 1);
  return header;
}

function otherEncoder(path: string, old: IndexHead, encoder: string, hash: string): UserError {
  const short = (name: string, digest: string) => `${name} (${digest.slice(0, 12)})`;
  return new UserError(
    `${path} was made with encoder ${short(old.encoder, old.hash)} but got ${short(encoder, hash)}`,
    {
      hint: 'write to another file, or remove this one and its .index.jsonl',
    },
  );
}

function writeError(path: string, error: unknown): Error {
  if (error instanceof UserError) return error;
  return new UserError(`cannot write the feature file ${path}: ${messageOf(error)}`, { cause: error });
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
