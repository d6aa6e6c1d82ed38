import { stat } from 'node:fs/promises';
import { join, posix, relative, sep } from 'node:path';
import { findImagesRoot } from '../../src/dataset/images.ts';
import { UserError } from '../../src/errors.ts';
import type { NamedImage } from './subset.ts';

/**
 * The images under the names that they have below a folder with COCO, which are those of COCO's layout
 * (`train2017/x.jpg`), with `images/` in front, or without any folder.
 */
export async function inLocalFolder(images: readonly NamedImage[], folder: string): Promise<NamedImage[]> {
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory()) throw new UserError(`expected --images-dir to be a folder but got ${folder}`);
  const subsets = new Set(images.map(({ key }) => posix.dirname(key)));
  const places = new Map<string, string>();
  for (const subset of subsets) {
    const names = images
      .filter(({ key }) => posix.dirname(key) === subset)
      .map(({ key }) => posix.basename(key));
    const root = await findImagesRoot(
      [join(folder, subset), join(folder, 'images', subset), folder, join(folder, 'images')],
      names,
    );
    places.set(subset, relative(folder, root).split(sep).join('/'));
  }
  return images.map((image) => {
    const key = posix.join(places.get(posix.dirname(image.key))!, posix.basename(image.key));
    return { ...image, key };
  });
}
