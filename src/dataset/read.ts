import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
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

type Reader = (file: string, imagesDir: string | undefined) => Promise<Dataset>;

/** What a caption file's extension says of its format. */
const READERS: Readonly<Record<string, Reader>> = {
  '.jsonl': readJsonl,
  '.ndjson': readJsonl,
  '.txt': readFlickr8k,
  '.csv': readFlickr8k,
  '.token': readFlickr8k,
  '.json': readJson,
};

/** Names looked for in a folder, first match wins. */
const SINGLE_FILES = ['captions.jsonl', 'captions.txt', 'Flickr8k.token.txt'];

/** COCO's own names, looked for in a folder and in its `annotations`. */
const COCO_FILES = /^captions_(train|val)\d*\.json$/;

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
  const reader = readerOf(path);
  if (!reader) throw new UserError(`expected a captioned data set but got ${path}`, { hint: KNOWN_FORMATS });
  return reader(path, imagesDir);
}

/**
 * Whether `readDataset` would take `path` for a data set, without reading it: a file by its extension, a
 * folder by the names in it. A folder of photographs beside some other JSON is none.
 *
 * @throws UserError for a folder that can't be listed
 */
export async function looksLikeDataset(path: string): Promise<boolean> {
  const folder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  return folder ? (await captionFilesIn(path)).length > 0 : readerOf(path) !== undefined;
}

function readerOf(file: string): Reader | undefined {
  return READERS[extname(file).toLowerCase()];
}

async function readFolder(folder: string, imagesDir: string | undefined): Promise<Dataset> {
  const files = await captionFilesIn(folder);
  const [first] = files;
  if (first === undefined) {
    throw new UserError(`expected a captioned data set but found none in ${folder}`, { hint: KNOWN_FORMATS });
  }
  if (SINGLE_FILES.includes(basename(first))) return readDataset(first, imagesDir ? { imagesDir } : {});
  // COCO's 2014 and 2017 train sets overlap the other year's val set: together they would leak.
  const names = files.map((file) => basename(file));
  if (new Set(names.map((name) => name.replace(/train|val/, ''))).size > 1) {
    throw new UserError(
      `expected the captions of one year in ${dirname(first)} but got ${names.join(', ')}`,
      { hint: 'name one file, or move the others elsewhere' },
    );
  }
  return readCoco(folder, files, imagesDir);
}

/** The caption files of a folder: one of a format that has a single file, or COCO's train and val. */
async function captionFilesIn(folder: string): Promise<string[]> {
  const entries = await entriesOf(folder);
  const names = entries.map(({ name }) => name);
  const single = SINGLE_FILES.find((name) => names.includes(name));
  if (single !== undefined) return [join(folder, single)];
  const annotations = entries.find((entry) => entry.name === 'annotations' && !entry.isFile());
  const place = annotations ? join(folder, 'annotations') : folder;
  const among = annotations ? (await entriesOf(place)).map(({ name }) => name) : names;
  const coco = among.filter((name) => COCO_FILES.test(name)).sort();
  return coco.map((name) => join(place, name));
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

async function entriesOf(folder: string) {
  return readdir(folder, { withFileTypes: true }).catch((error: unknown) => cannotRead(folder, error));
}

function cannotRead(path: string, error: unknown): never {
  throw new UserError(`cannot read ${path}: ${messageOf(error)}`, { cause: error });
}
