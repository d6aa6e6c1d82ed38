import { type FileHandle, mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { InternalError, messageOf, UserError } from '../errors.ts';
import {
  formatHead,
  formatRow,
  type IndexHead,
  type IndexRow,
  indexPathOf,
  parseIndex,
} from './feature-index.ts';
import { completeRows, readRows, rowOffset, writeHeader, writeRows } from './npy.ts';

/**
 * Features are extracted once and kept in two files, both readable without this program:
 *
 * - `name.npy`: float32 [N,F] (numpy.load reads it);
 * - `name.index.jsonl`: `{"format","encoder","hash","featureSize"}`, then `{"key","sha256"}` of the image
 *   of each row, one a line. Of several rows with the same key the last one holds.
 *
 * Rows are written before their lines of the index, so whatever is killed when, the first complete lines
 * describe complete rows and the rest is cut off when the file is opened again.
 */

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
    /** In row order, all different. */
    readonly keys: readonly string[],
    /** [N,F] row-major. */
    readonly data: Float32Array,
  ) {
    this.rows = new Map(keys.map((key, i) => [key, i]));
  }

  rowIndex(key: string): number | undefined {
    return this.rows.get(key);
  }

  /** These vectors in the row order of another table, as another view of its images; zeros where there is none. */
  inOrderOf(other: FeatureTable): Float32Array {
    const aligned = new Float32Array(other.keys.length * this.featureSize);
    for (const [i, key] of other.keys.entries()) aligned.set(this.row(key) ?? [], i * this.featureSize);
    return aligned;
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
    /** SHA-256 of each key's image as it was when the key's last row was made. */
    private readonly known: Map<string, string>,
    private rows: number,
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

      const { head, rows: listed, ends } = parseIndex(await index.readFile(), indexPath);
      if (head && (head.hash !== hash || head.featureSize !== featureSize)) {
        throw otherEncoder(path, head, encoder, hash);
      }
      const { size } = await matrix.stat();
      // The head is the first thing that we write, so these rows are not ours to overwrite.
      if (!head && size > 0)
        throw new UserError(`expected ${path} to be ours to continue but it has no index ${indexPath}`);
      // Rows without a line, lines without a row, half a line: cut both files to what they agree on.
      const rows = Math.min(listed.length, completeRows(size, featureSize));
      await index.truncate(head ? ends[rows]! : 0);
      if (!head) await index.appendFile(formatHead({ encoder, hash, featureSize }));
      await matrix.truncate(rowOffset(rows, featureSize));
      await writeHeader(matrix, rows, featureSize);
      const known = new Map(listed.slice(0, rows).map(({ key, sha256 }) => [key, sha256]));
      return new FeatureWriter(path, matrix, index, featureSize, known, rows);
    } catch (error) {
      await Promise.all(opened.map((handle) => handle.close()));
      throw writeError(path, error);
    }
  }

  /** SHA-256 of the image whose feature is kept under this key, as hex digits; undefined if none is. */
  sha256Of(key: string): string | undefined {
    return this.known.get(key);
  }

  /** Rows in the file, those of changed images included. */
  get size(): number {
    return this.rows;
  }

  /** Appends `features` [images.length, F] row-major; a key that is in the file already gets a new row, which holds. */
  async append(images: readonly IndexRow[], features: Float32Array): Promise<void> {
    if (features.length !== images.length * this.featureSize) {
      throw new InternalError(
        `expected ${images.length} rows of ${this.featureSize} but got ${features.length} values`,
      );
    }
    try {
      await writeRows(this.matrix, this.rows, features, this.featureSize);
      await this.index.appendFile(images.map(formatRow).join(''));
      this.rows += images.length;
      for (const { key, sha256 } of images) this.known.set(key, sha256);
      await writeHeader(this.matrix, this.rows, this.featureSize);
    } catch (error) {
      throw writeError(this.path, error);
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.matrix.close(), this.index.close()]);
  }
}

/** Reads a feature file whole, of each key its last row; a UserError names what is missing or damaged. */
export async function readFeatures(path: string): Promise<FeatureTable> {
  const indexPath = indexPathOf(path);
  try {
    const { head, rows: listed } = parseIndex(await readFile(indexPath), indexPath);
    if (!head)
      throw new UserError(`expected ${indexPath} to start with a line about the encoder but it is empty`);
    const { encoder, hash, featureSize } = head;
    const matrix = await open(path);
    try {
      const rows = Math.min(listed.length, completeRows((await matrix.stat()).size, featureSize));
      const data = await readRows(matrix, rows, featureSize);
      const all = listed.slice(0, rows).map(({ key }) => key);
      const { keys, kept } = lastOfEach(all, data, featureSize);
      return new FeatureTable(encoder, hash, featureSize, keys, kept);
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

/** The last row of each key, moved together within `data` [N,F]. */
function lastOfEach(
  all: readonly string[],
  data: Float32Array,
  F: number,
): { keys: string[]; kept: Float32Array } {
  const last = new Map(all.map((key, row) => [key, row]));
  const keys = all.filter((key, row) => last.get(key) === row);
  for (const [to, key] of keys.entries()) {
    const from = last.get(key)!;
    if (from !== to) data.copyWithin(to * F, from * F, (from + 1) * F);
  }
  return { keys, kept: data.subarray(0, keys.length * F) };
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
