import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../errors.ts';
import { assemble, type RawExample } from './assemble.ts';
import type { Dataset, Split } from './example.ts';
import { findImagesRoot } from './images.ts';
import { checkRecord, readJsonRecords } from './records.ts';

const IMAGE = z.object({ id: z.number().int(), file_name: z.string().min(1) });
const ANNOTATION = z.object({ image_id: z.number().int(), caption: z.string() });

/**
 * COCO caption annotations: `{"images": [{"id", "file_name"}], "annotations": [{"image_id", "caption"}]}`,
 * one file or several that belong together (train and val). `path` names the whole.
 *
 * A file says nothing of splits inside, so its name does: `captions_train2017.json` is train,
 * `captions_val2014.json` val; a name with neither leaves the split undefined.
 * Images lie in `imagesDir`, or else beside the file or as in COCO's own layout:
 * `annotations/captions_val2017.json` next to `val2017/` or `images/val2017/`.
 */
export async function readCoco(
  path: string,
  files: readonly string[],
  imagesDir: string | undefined,
): Promise<Dataset> {
  const parts: RawExample[][] = [];
  for (const file of files) parts.push(await readFile(file, imagesDir));
  return assemble(path, parts.flat());
}

async function readFile(file: string, imagesDir: string | undefined): Promise<RawExample[]> {
  const names = new Map<number, string>();
  const captions = new Map<number, string[]>();
  for await (const { list, index, value } of readJsonRecords(file, ['images', 'annotations'])) {
    const where = `${file}, ${list}[${index}]`;
    if (list === 'images') {
      const { id, file_name } = checkRecord(IMAGE, value, where, '{"id": number, "file_name": text}');
      if (names.has(id)) throw new UserError(`${where}: expected every image id once but got ${id} again`);
      names.set(id, file_name);
    } else {
      const shape = '{"image_id": number, "caption": text}';
      const { image_id, caption } = checkRecord(ANNOTATION, value, where, shape);
      const others = captions.get(image_id);
      if (others) others.push(caption);
      else captions.set(image_id, [caption]);
    }
  }
  for (const id of captions.keys()) {
    if (names.has(id)) continue;
    throw new UserError(`${file}: expected captions of its images only but got one for image_id ${id}`);
  }
  const imagesRoot = imagesDir ?? (await findImagesRoot(imageFolders(file), [...names.values()]));
  const split = splitOfFile(file);
  return [...names].map(([id, name]) => ({
    name,
    imagesRoot,
    split,
    captions: captions.get(id) ?? [],
    id,
    where: `${basename(file)}, image id ${id}`,
  }));
}

function imageFolders(file: string): string[] {
  const here = dirname(file);
  const subset = /(?:train|val|test)\d*/i.exec(basename(file))?.[0];
  const inside = (folder: string) =>
    subset ? [join(folder, subset), join(folder, 'images', subset)] : [join(folder, 'images')];
  return [here, ...inside(here), ...inside(dirname(here))];
}

function splitOfFile(file: string): Split | undefined {
  // `trainval` is neither: no letter may follow.
  const name = /(?<![a-z])(train|val|test)(?![a-z])/.exec(basename(file).toLowerCase())?.[1];
  return name as Split | undefined;
}
