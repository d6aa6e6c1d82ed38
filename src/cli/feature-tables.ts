import type { CaptionedImage } from '../dataset/example.ts';
import { UserError } from '../errors.ts';
import type { FeatureTable } from '../vision/feature-table.ts';

/** What a feature file named by an option has to hold. */
interface WantedFeatures {
  readonly file: string;
  readonly images: readonly CaptionedImage[];
  /** `encoderHash` of what has to have made them, and its name in a sentence. */
  readonly hash: string;
  readonly maker: string;
  /** The command that would make such a file. */
  readonly command: string;
}

/** Throws a UserError unless the table is of that encoder and has every image. */
export function expectFeatures(table: FeatureTable, wanted: WantedFeatures): void {
  const { file, images, hash, maker, command } = wanted;
  if (table.hash !== hash) {
    const digests = `${table.hash.slice(0, 12)} instead of ${hash.slice(0, 12)}`;
    throw new UserError(
      `expected ${file} to be made with ${maker} but got features of ${table.encoder} (${digests})`,
      { hint: `extract them again: ${command}` },
    );
  }
  const missing = images.filter(({ key }) => table.rowIndex(key) === undefined);
  if (missing.length === 0) return;
  const names = missing.slice(0, 3).map(({ key }) => key);
  throw new UserError(
    `expected ${file} to have every image but ${missing.length} of ${images.length} are missing, such as ${names.join(', ')}`,
    { hint: `add them to the same file: ${command}` },
  );
}
