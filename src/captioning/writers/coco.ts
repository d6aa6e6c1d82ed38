import { basename, extname } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../errors.ts';
import type { DocumentFormat } from './document-format.ts';

const START = '{"image_id":';
const line = z.object({ image_id: z.int(), caption: z.string() });

/**
 * The result format of the COCO caption evaluation: an array of image ids and their captions
 * (https://cocodataset.org/#format-results). The ids are in the names of COCO's files.
 */
export const coco: DocumentFormat = {
  name: 'coco',
  head: '[\n',
  separator: ',',
  tail: ']\n',

  keyOf: (name) => String(idIn(name)),

  record: (name, { captions }) => `${JSON.stringify({ image_id: idIn(name), caption: captions[0]!.text })}\n`,

  keyIn(record) {
    if (record.trimEnd().includes('\n')) return undefined;
    try {
      return String(line.parse(JSON.parse(record)).image_id);
    } catch {
      return undefined;
    }
  },

  begins: (text) => (text.startsWith(START) || START.startsWith(text)) && !text.includes('\n'),
};

/** The id in `000000000042.jpg`, `42.png` or `COCO_val2014_000000000042.jpg`. */
function idIn(name: string): number {
  const stem = basename(name, extname(name));
  const digits = /^(?:COCO_.*_(?=\d{12}$))?(\d+)$/.exec(stem)?.[1];
  const id = Number(digits);
  if (!Number.isSafeInteger(id)) {
    throw new UserError(`expected names with a COCO image id in format coco but got ${name}`, {
      hint: 'such names are digits, as 000000000042.jpg and 42.png, or end in 12 of them, as COCO_val2014_000000000042.jpg',
    });
  }
  return id;
}
