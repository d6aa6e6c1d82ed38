import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cutShort, damaged, noImages } from './odd-images/flawed.ts';
import { oddNames } from './odd-images/names.ts';
import { notQuiteFiles } from './odd-images/not-quite-files.ts';
import type { OddImage } from './odd-images/odd-image.ts';
import { svg } from './odd-images/svg.ts';
import { colours, frames, sizes, turned } from './odd-images/unusual.ts';

/**
 * Writes bad and odd images, and things that only look like images, into an empty folder of a POSIX system, and
 * says of each what is to become of it.
 */
export async function writeOddImages(folder: string): Promise<OddImage[]> {
  const kinds = [cutShort, damaged, noImages, colours, sizes, frames, turned, svg, oddNames];
  const files = (await Promise.all(kinds.map((make) => make(folder)))).flat();
  await Promise.all(files.map(({ file, bytes }) => writeFile(join(folder, file), bytes)));
  return [...files, ...(await notQuiteFiles(folder))];
}
