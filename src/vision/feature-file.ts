import { type FileHandle, mkdir, open } from 'node:fs/promises';
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
import { checkHeader, completeRows, type NumberType, rowOffset, writeHeader, writeRows } from './npy.ts';

/**
 * Features are extracted once and kept in two files, both readable without this program:
 *
 * - `name.npy`: float32 or float16 [N,F] (numpy.load reads it);
 * - `name.index.jsonl`: `{"format","encoder","hash","featureSize","type"}`, then `{"key","sha256"}` of the image
 *   of each row, one a line. Of several rows with the same key the last one holds.
 *
 * Rows are written before their lines of the index, so whatever is killed when, the first complete lines
 * describe complete rows and the rest is cut off when the file is opened again.
 */

/** Adds rows to a feature file; opening an existing one continues it. */
export class FeatureWriter {
  private constructor(
    private readonly path: string,
    private readonly matrix: FileHandle,
    private readonly index: FileHandle,
    private readonly head: IndexHead,
    /** SHA-256 of each key's image as it was when the key's last row was made. */
    private readonly known: Map<string, string>,
    private rows: number,
  ) {}

  /**
   * Opens `path` (ending in .npy) for appending, making it if there is none. Rows that an interrupted run
   * left incomplete are cut off. A file made with another encoder (other hash) or of other numbers is a UserError.
   */
  static async open(path: string, head: IndexHead): Promise<FeatureWriter> {
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

      const { head: old, rows: listed, ends } = parseIndex(await index.readFile(), indexPath);
      if (old && (old.hash !== head.hash || old.featureSize !== head.featureSize)) {
        throw otherEncoder(path, old, head);
      }
      if (old && old.type !== head.type) throw otherType(path, old, head.type);
      const { size } = await matrix.stat();
      // The head is the first thing that we write, so these rows are not ours to overwrite.
      if (!old && size > 0)
        throw new UserError(`expected ${path} to be ours to continue but it has no index ${indexPath}`);
      await checkHeader(matrix, path, head);
      // Rows without a line, lines without a row, half a line: cut both files to what they agree on.
      const rows = Math.min(listed.length, completeRows(size, head));
      await index.truncate(old ? ends[rows]! : 0);
      if (!old) await index.appendFile(formatHead(head));
      await matrix.truncate(rowOffset(rows, head));
      await writeHeader(matrix, rows, head);
      const known = new Map(listed.slice(0, rows).map(({ key, sha256 }) => [key, sha256]));
      return new FeatureWriter(path, matrix, index, head, known, rows);
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
    const { featureSize } = this.head;
    if (features.length !== images.length * featureSize) {
      throw new InternalError(
        `expected ${images.length} rows of ${featureSize} but got ${features.length} values`,
      );
    }
    try {
      await writeRows(this.matrix, this.rows, features, this.head);
      await this.index.appendFile(images.map(formatRow).join(''));
      this.rows += images.length;
      for (const { key, sha256 } of images) this.known.set(key, sha256);
      await writeHeader(this.matrix, this.rows, this.head);
    } catch (error) {
      throw writeError(this.path, error);
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.matrix.close(), this.index.close()]);
  }
}

function otherEncoder(path: string, old: IndexHead, head: IndexHead): UserError {
  const short = ({ encoder, hash }: IndexHead) => `${encoder} (${hash.slice(0, 12)})`;
  return new UserError(`${path} was made with encoder ${short(old)} but got ${short(head)}`, {
    hint: 'write to another file, or remove this one and its .index.jsonl',
  });
}

function otherType(path: string, old: IndexHead, type: NumberType): UserError {
  return new UserError(`expected numbers in ${old.type}, which ${path} holds already, but got ${type}`, {
    hint: 'write to another file, or remove this one and its .index.jsonl',
  });
}

function writeError(path: string, error: unknown): Error {
  if (error instanceof UserError) return error;
  return new UserError(`cannot write the feature file ${path}: ${messageOf(error)}`, { cause: error });
}
