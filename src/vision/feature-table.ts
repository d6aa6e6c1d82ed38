import { type FileHandle, open, readFile } from 'node:fs/promises';
import { InternalError, messageOf, UserError } from '../errors.ts';
import { type IndexHead, indexPathOf, parseIndex } from './feature-index.ts';
import { checkHeader, completeRows, RowReader } from './npy.ts';

/** The feature vectors of an open file, found by the key of their image and read one by one. */
export class FeatureTable {
  /** Name of the encoder that made them. */
  readonly encoder: string;
  /** `encoderHash` of that encoder. */
  readonly hash: string;
  /** F. */
  readonly featureSize: number;
  /** Images in row order, all different. */
  readonly keys: readonly string[];
  private readonly rows: ReadonlyMap<string, number>;
  /** Where each row is in the file: those that were superseded lie between them. */
  private readonly places: readonly number[];
  private readonly reader: RowReader;

  private constructor(
    private readonly path: string,
    private readonly matrix: FileHandle,
    head: IndexHead,
    last: ReadonlyMap<string, number>,
  ) {
    this.encoder = head.encoder;
    this.hash = head.hash;
    this.featureSize = head.featureSize;
    const ascending = [...last].sort(([, a], [, b]) => a - b);
    this.keys = ascending.map(([key]) => key);
    this.places = ascending.map(([, place]) => place);
    this.rows = new Map(this.keys.map((key, i) => [key, i]));
    this.reader = new RowReader(matrix, head);
  }

  /** Opens a feature file, until `close`; a UserError names what is missing or damaged. */
  static async open(path: string): Promise<FeatureTable> {
    const indexPath = indexPathOf(path);
    let matrix: FileHandle | undefined;
    try {
      const { head, rows: listed } = parseIndex(await readFile(indexPath), indexPath);
      if (!head)
        throw new UserError(`expected ${indexPath} to start with a line about the encoder but it is empty`);
      matrix = await open(path);
      await checkHeader(matrix, path, head);
      const rows = Math.min(listed.length, completeRows((await matrix.stat()).size, head));
      // Of several rows with the same key the last one holds.
      const last = new Map(listed.slice(0, rows).map(({ key }, row) => [key, row]));
      return new FeatureTable(path, matrix, head, last);
    } catch (error) {
      await matrix?.close();
      throw readError(path, error, 'caption features makes one');
    }
  }

  /** The row of an image, counted from 0 among those of `keys`. */
  rowIndex(key: string): number | undefined {
    return this.rows.get(key);
  }

  /** Copies a row, [F], into `into` from `offset` on. */
  copyRow(row: number, into: Float32Array, offset: number): void {
    const place = this.places[row];
    if (place === undefined)
      throw new InternalError(`expected a row below ${this.keys.length} but got ${row}`);
    try {
      this.reader.copyRow(place, into, offset);
    } catch (error) {
      throw readError(this.path, error, 'it was whole when it was opened: leave it alone while it is in use');
    }
  }

  /** A copy of the vector of an image, [F]. */
  row(key: string): Float32Array | undefined {
    const row = this.rows.get(key);
    if (row === undefined) return undefined;
    const feature = new Float32Array(this.featureSize);
    this.copyRow(row, feature, 0);
    return feature;
  }

  /** These vectors under the row numbers of another table, as another view of its images; zeros where there is none. */
  inOrderOf(other: FeatureTable): Pick<FeatureTable, 'copyRow'> {
    const rows = other.keys.map((key) => this.rows.get(key));
    return {
      copyRow: (row, into, offset) => {
        const own = rows[row];
        if (own === undefined) into.fill(0, offset, offset + this.featureSize);
        else this.copyRow(own, into, offset);
      },
    };
  }

  async close(): Promise<void> {
    await this.matrix.close();
  }
}

function readError(path: string, error: unknown, hint: string): UserError {
  if (error instanceof UserError) return error;
  return new UserError(`cannot read the feature file ${path}: ${messageOf(error)}`, { hint, cause: error });
}
