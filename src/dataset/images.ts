import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { UserError } from '../errors.ts';
import type { Dataset } from './example.ts';

/** Files looked at together: enough to keep the disk busy, few enough to stay small. */
const AT_ONCE = 256;

/** A few names tell whether this is the right folder, even where the first image is missing. */
const SAMPLE = 20;

/** The first of the folders that has some of the images, or the first folder where none has any. */
export async function findImagesRoot(folders: readonly string[], names: readonly string[]): Promise<string> {
  for (const folder of folders) {
    const found = await Promise.all(names.slice(0, SAMPLE).map((name) => exists(resolve(folder, name))));
    if (found.includes(true)) return folder;
  }
  return folders[0]!;
}

/** Throws a `UserError` that names the first missing photographs of the data set and counts the rest. */
export async function checkImages(dataset: Dataset): Promise<void> {
  const missing: string[] = [];
  for (let start = 0; start < dataset.examples.length; start += AT_ONCE) {
    const paths = dataset.examples.slice(start, start + AT_ONCE).map(({ image }) => image);
    const found = await Promise.all(paths.map(exists));
    missing.push(...paths.filter((_, index) => !found[index]));
  }
  if (missing.length === 0) return;
  const shown = missing.slice(0, 3).join(', ');
  const more = missing.length > 3 ? ` and ${missing.length - 3} more` : '';
  throw new UserError(
    `expected all ${dataset.examples.length} images of ${dataset.name} but got ${missing.length} missing: ${shown}${more}`,
    { hint: 'name the folder that holds the images with --images-dir' },
  );
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
