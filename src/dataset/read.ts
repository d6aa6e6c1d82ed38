import { readdir, stat } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { messageOf, UserError } from '../errors.ts';
import { readCoco } from './coco.ts';
import type { Dataset } from './example.ts';
import { readFlickr8k } from './flickr8k.ts';
import { readJsonl } from './jsonl.ts';
import { readKarpathy } from './karpathy.ts';
import { readJsonRecords } from './records.ts';

const KNOWN_FORMATS =
  'known formats: JSON Lines (.jsonl with {"image", "captions", "split"?}), COCO captions ' +
  '(captions_train2017.json, or a folder of such files), Karpathy splits (dataset_coco.json), ' +
  'Flickr8k (captions.txt or Flickr8k.token.txt, or its folder)';

/** Names looked for in a folder, first match wins. */
const SINGLE_FILES = ['captions.jsonl', 'captions.txt', 'Flickr8k.token.txt'];

/**
 * Reads a captioned data set; the format is found from the file's extension and content, or from what
 * the folder holds. `imagesDir` says where the photographs are, if not where the format expects them.
 * Doesn't look whether they exist: `checkImages` does.
 *
 * @throws UserError naming the file, and the line or record, that is not as expected
 */
export async function readDataset(path: string, options: { imagesDir?: string } = {}): Promise<Dataset> {
  const imagesDir = options.imagesDir === undefined ? undefined : resolve(options.imagesDir);
  if (imagesDir !== undefined && !(await statOf(imagesDir)).isDirectory()) {
    throw new UserError(`expected a folder of images but got the file ${options.imagesDir}`);
  }
  if ((await statOf(path)).isDirectory()) {
    const folder = resolve(path);
    return { ...(await readFolder(folder, imagesDir)), name: basename(folder), root: folder };
  }
  switch (extname(path).toLowerCase()) {
    case '.jsonl':
    case '.ndjson':
      return readJsonl(path, imagesDir);
    case '.txt':
    case '.csv':
    case '.token':
      return readFlickr8k(path, imagesDir);
    case '.json':
      return readJson(path, imagesDir);
    default:
      throw new UserError(`expected a captioned data set but got ${path}`, { hint: KNOWN_FORMATS });
  }
}

async function readFolder(folder: string, imagesDir: string | undefined): Promise<Dataset> {
  const names = await namesIn(folder);
  for (const name of SINGLE_FILES) {
    if (names.includes(name)) return readDataset(join(folder, name), imagesDir ? { imagesDir } : {});
  }
  const annotations = names.includes('annotations') ? join(folder, 'annotations') : folder;
  const files = (await namesIn(annotations))
    .filter((name) => /^captions_(train|val)\d*\.json$/.test(name))
    .sort();
  if (files.length === 0) {
    throw new UserError(`expected a captioned data set but found none in ${folder}`, { hint: KNOWN_FORMATS });
  }
  // COCO's 2014 and 2017 train sets overlap the other year's val set: together they would leak.
  if (new Set(files.map((name) => name.replace(/train|val/, ''))).size > 1) {
    throw new UserError(`expected the captions of one year in ${annotations} but got ${files.join(', ')}`, {
      hint: 'name one file, or move the others elsewhere',
    });
  }
  return readCoco(
    folder,
    files.map((name) => join(annotations, name)),
    imagesDir,
  );
}

/** COCO and Karpathy files both have a list `images`; in Karpathy's each image holds its sentences. */
async function readJson(file: string, imagesDir: string | undefined): Promise<Dataset> {
  for await (const { list, value } of readJsonRecords(file, ['images', 'annotations'])) {
    const nested = list === 'images' && typeof value === 'object' && value !== null && 'sentences' in value;
    return nested ? readKarpathy(file, imagesDir) : readCoco(file, [file], imagesDir);
  }
  throw new UserError(`expected ${file} to hold a list "images" but got none`, { hint: KNOWN_FORMATS });
}

async function statOf(path: string) {
  return stat(path).catch((error: unknown) => cannotRead(path, error));
}

async function namesIn(folder: string) {
  return readdir(folder).catch((error: unknown) => cannotRead(folder, error));
}

function cannotRead(path: string, error: unknown): never {
  throw new UserError(`cannot read ${path}: ${messageOf(error)}`, { cause: error });
}
