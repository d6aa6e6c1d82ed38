import type { FeatureRows } from '../../src/training/batches.ts';
import { FeatureTable } from '../../src/vision/feature-table.ts';

/** A matrix [N,F] in memory as training reads it. */
export function rowsOf(data: Float32Array, F: number): FeatureRows {
  return { copyRow: (row, into, offset) => into.set(data.subarray(row * F, (row + 1) * F), offset) };
}

/** All that a feature file holds: `data` is [keys.length, F]. */
export async function readFeatures(path: string) {
  const table = await FeatureTable.open(path);
  try {
    const { encoder, hash, featureSize, keys } = table;
    const data = new Float32Array(keys.length * featureSize);
    for (const row of keys.keys()) table.copyRow(row, data, row * featureSize);
    const rows = new Map(keys.map((key) => [key, table.row(key)]));
    return { encoder, hash, featureSize, keys, data, row: (key: string) => rows.get(key) };
  } finally {
    await table.close();
  }
}
