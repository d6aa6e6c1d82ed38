import { basename, dirname } from 'node:path';
import { z } from 'zod';
import { UserError } from '../errors.ts';
import { assemble, type RawExample, SPLIT_NAMES, splitOf } from './assemble.ts';
import type { Dataset } from './example.ts';
import { readLines } from './lines.ts';
import { checkRecord } from './records.ts';

const LINE = z.object({
  image: z.string().min(1),
  captions: z.array(z.string()),
  split: z.enum(SPLIT_NAMES).nullish(),
  coco_id: z.number().int().nullish(),
});
const SHAPE = '{"image": text, "captions": [text, ...], "split"?: train|val|test, "coco_id"?: number}';

/**
 * JSON Lines, one image a line: `{"image", "captions", "split"?, "coco_id"?}`; other fields are ignored.
 * Image paths are relative to the file, or to `imagesDir`.
 */
export async function readJsonl(file: string, imagesDir: string | undefined): Promise<Dataset> {
  const raw: RawExample[] = [];
  for await (const { number, text } of readLines(file)) {
    const where = `${file}:${number}`;
    const { image, captions, split, coco_id } = checkRecord(LINE, parseLine(text, where), where, SHAPE);
    raw.push({
      name: image,
      imagesRoot: imagesDir ?? dirname(file),
      split: split ? splitOf(split) : undefined,
      captions,
      id: coco_id ?? undefined,
      where: `${basename(file)}:${number}`,
    });
  }
  return assemble(file, raw);
}

function parseLine(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const start = text.length > 60 ? `${text.slice(0, 60)}...` : text;
    throw new UserError(`${where}: expected one JSON object a line but got ${start}`, { cause: error });
  }
}
