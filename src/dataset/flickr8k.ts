import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UserError } from '../errors.ts';
import { assemble } from './assemble.ts';
import type { Dataset, Split } from './example.ts';
import { findImagesRoot } from './images.ts';
import { readLines } from './lines.ts';

/** Split lists as the authors distribute them, beside the captions. */
const LISTS: readonly (readonly [Split, string])[] = [
  ['train', 'Flickr_8k.trainImages.txt'],
  ['val', 'Flickr_8k.devImages.txt'],
  ['test', 'Flickr_8k.testImages.txt'],
];

/** Where the images lie in the copies that go round (`Flicker` is the authors' own spelling). */
const IMAGE_FOLDERS = [
  '.',
  'Images',
  'images',
  'Flicker8k_Dataset',
  'Flickr8k_Dataset',
  '../Flicker8k_Dataset',
];

/** The authors' token file also captions an image that was never released, `2258277193_586949ec62.jpg.1`. */
const NEVER_RELEASED = /\.jpg\.\d+$/;

interface Line {
  readonly name: string;
  readonly caption: string;
}

/**
 * Flickr8k: `captions.txt` (header `image,caption`) or `Flickr8k.token.txt` (`name.jpg#0<TAB>caption`).
 * Splits come from the `Flickr_8k.*Images.txt` lists beside it; an image in no list has none.
 * Images lie in `imagesDir`, or else in the file's folder, `Images/` or `Flicker8k_Dataset/`.
 */
export async function readFlickr8k(file: string, imagesDir: string | undefined): Promise<Dataset> {
  const captions = new Map<string, string[]>();
  let parse: ((text: string, where: string) => Line) | undefined;
  for await (const { number, text } of readLines(file)) {
    const where = `${file}:${number}`;
    if (parse === undefined) {
      parse = formatOf(text, where);
      if (parse === parseCsv) continue;
    }
    const { name, caption } = parse(text, where);
    if (NEVER_RELEASED.test(name)) continue;
    const others = captions.get(name);
    if (others) others.push(caption);
    else captions.set(name, [caption]);
  }
  const here = dirname(file);
  const splits = await readSplits(here);
  const folders = IMAGE_FOLDERS.map((folder) => join(here, folder));
  const imagesRoot = imagesDir ?? (await findImagesRoot(folders, [...captions.keys()]));
  return assemble(
    file,
    [...captions].map(([name, sentences]) => ({
      name,
      imagesRoot,
      split: splits.get(name),
      captions: sentences,
      where: file,
    })),
  );
}

function formatOf(firstLine: string, where: string): (text: string, where: string) => Line {
  if (/^"?image"?\s*,\s*"?caption"?\s*$/i.test(firstLine)) return parseCsv;
  if (TOKEN_LINE.test(firstLine)) return parseToken;
  throw new UserError(
    `${where}: expected the header "image,caption" or "name.jpg#0<TAB>caption" but got ${firstLine.slice(0, 80)}`,
  );
}

const TOKEN_LINE = /^(\S.*?)#\d+\t(.*)$/;

function parseToken(text: string, where: string): Line {
  const [, name, caption] = TOKEN_LINE.exec(text) ?? [];
  if (name === undefined || caption === undefined) {
    throw new UserError(`${where}: expected "name.jpg#0<TAB>caption" but got ${text.slice(0, 80)}`);
  }
  return { name, caption };
}

/** A whole quoted field, with quotes inside written twice. */
const QUOTED = /^\s*"((?:[^"]|"")*)"\s*$/;

/** Commas after the first belong to the caption, quoted or not: some copies quote, some don't. */
function parseCsv(text: string, where: string): Line {
  const comma = text.indexOf(',');
  const name = unquote(text.slice(0, comma)).trim();
  const caption = text.slice(comma + 1);
  const unbalanced = caption.trimStart().startsWith('"') && caption.split('"').length % 2 === 0;
  if (comma < 1 || name === '' || unbalanced) {
    const expected = unbalanced ? 'a closing quote after the caption' : '"image,caption"';
    throw new UserError(`${where}: expected ${expected} but got ${text.slice(0, 80)}`);
  }
  return { name, caption: unquote(caption) };
}

function unquote(field: string): string {
  return QUOTED.exec(field)?.[1]?.replaceAll('""', '"') ?? field;
}

async function readSplits(folder: string): Promise<Map<string, Split>> {
  const splits = new Map<string, Split>();
  for (const [split, list] of LISTS) {
    const path = join(folder, list);
    if (!existsSync(path)) continue;
    for await (const { number, text } of readLines(path)) {
      const name = text.trim();
      const other = splits.get(name) ?? split;
      if (other !== split) {
        throw new UserError(
          `${path}:${number}: expected an image of one split only but got ${name}, also in ${other}`,
        );
      }
      splits.set(name, split);
    }
  }
  return splits;
}
