import { InternalError } from './errors.ts';

/** Vectors of length `width` one below the other: [rows.length, width] row-major, such as features [B,F]. */
export function stackRows(rows: readonly Float32Array[], width: number): Float32Array {
  const stacked = new Float32Array(rows.length * width);
  for (const [i, row] of rows.entries()) {
    if (row.length !== width) {
      throw new InternalError(`stackRows: expected rows of ${width} numbers but row ${i} has ${row.length}`);
    }
    stacked.set(row, i * width);
  }
  return stacked;
}
