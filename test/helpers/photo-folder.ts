import { copyFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Shapes } from './shapes.ts';

/** Copies the pictures in turn into a folder, under these names (paths below it). */
export async function writePhotos(
  folder: string,
  { pictures }: Shapes,
  names: readonly string[],
): Promise<void> {
  for (const [at, name] of names.entries()) {
    await mkdir(join(folder, dirname(name)), { recursive: true });
    await copyFile(pictures[at % pictures.length]!.path, join(folder, name));
  }
}
