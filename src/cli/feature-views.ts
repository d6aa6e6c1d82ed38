import type { FeatureViews } from '../training/batches.ts';
import { FeatureTable } from '../vision/feature-table.ts';

/** Feature files of the same images, open for training: the photographs as they are, then perhaps mirrored. */
export interface OpenViews extends FeatureViews {
  readonly tables: readonly FeatureTable[];
  readonly rowOf: (key: string) => number | undefined;
  close(): Promise<void>;
}

/** Opens feature files under the row numbers of the first. */
export async function openViews(files: readonly string[]): Promise<OpenViews> {
  const tables: FeatureTable[] = [];
  const close = async () => {
    for (const table of tables) await table.close();
  };
  try {
    for (const file of files) tables.push(await FeatureTable.open(file));
  } catch (error) {
    await close();
    throw error;
  }
  const [plain, ...others] = tables;
  return {
    tables,
    featureSize: plain.featureSize,
    rowOf: (key) => plain.rowIndex(key),
    views: [plain, ...others.map((table) => table.inOrderOf(plain))],
    close,
  };
}
