import { readFile } from 'node:fs/promises';
import { messageOf, UserError } from '../errors.ts';

const RESULT_FORMAT = '[{"image_id": 42, "caption": "a dog on a beach"}, ...]';
const ANNOTATION_FORMAT =
  '{"images": [{"id": 42}, ...], "annotations": [{"image_id": 42, "caption": "a dog on a beach"}, ...]}';

/**
 * Reads a COCO result file, one caption an image. Image ids are returned as text, so that 42 in one
 * file and "42" in the other are the same image.
 *
 * @throws UserError where the file isn't JSON of that form or captions an image twice
 */
export async function readCandidates(path: string): Promise<Map<string, string>> {
  const entries = await readJson(path);
  if (!Array.isArray(entries)) {
    const hint =
      isRecord(entries) && 'annotations' in entries ? 'this looks like a file of references' : undefined;
    throw wrongForm(path, RESULT_FORMAT, entries, hint);
  }
  const captions = new Map<string, string>();
  const entryOf = new Map<string, number>();
  entries.forEach((entry: unknown, index) => {
    const { image, caption } = captionOf(entry, `entry ${index + 1} of ${path}`);
    const earlier = entryOf.get(image);
    if (earlier !== undefined) {
      throw new UserError(
        `expected one caption an image in ${path} but got two of image ${image}: entries ${earlier} and ${index + 1}`,
      );
    }
    entryOf.set(image, index + 1);
    captions.set(image, caption);
  });
  if (captions.size === 0) throw new UserError(`expected captions in ${path} but got an empty list`);
  return captions;
}

/**
 * Reads references from a COCO annotation file: the captions of every image that has some. Image ids
 * are returned as text.
 *
 * @throws UserError where the file isn't JSON of that form
 */
export async function readReferences(path: string): Promise<Map<string, string[]>> {
  const file = await readJson(path);
  if (!isRecord(file) || !Array.isArray(file.annotations)) {
    const hint = Array.isArray(file) ? 'this looks like a file of candidates' : undefined;
    throw wrongForm(path, ANNOTATION_FORMAT, file, hint);
  }
  const references = new Map<string, string[]>();
  file.annotations.forEach((entry: unknown, index) => {
    const { image, caption } = captionOf(entry, `annotation ${index + 1} of ${path}`);
    const captions = references.get(image);
    if (captions === undefined) references.set(image, [caption]);
    else captions.push(caption);
  });
  if (references.size === 0) throw new UserError(`expected annotations in ${path} but got an empty list`);
  return references;
}

async function readJson(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new UserError(`cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
  try {
    // A byte order mark is no JSON, but Windows editors write one.
    return JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (error) {
    throw new UserError(`expected JSON in ${path} but got something else: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function captionOf(entry: unknown, where: string): { image: string; caption: string } {
  if (!isRecord(entry)) throw new UserError(`expected ${where} to be an object but got ${kindOf(entry)}`);
  const { image_id: image, caption } = entry;
  if (typeof image !== 'string' && typeof image !== 'number') {
    throw new UserError(`expected "image_id" in ${where} to be a number or text but got ${kindOf(image)}`);
  }
  if (typeof caption !== 'string') {
    throw new UserError(`expected "caption" in ${where} to be text but got ${kindOf(caption)}`);
  }
  return { image: String(image), caption };
}

function wrongForm(path: string, form: string, value: unknown, hint?: string): UserError {
  return new UserError(`expected ${path} to be of the form ${form} but got ${kindOf(value)}`, { hint });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (isRecord(value))
    return `an object with ${
      Object.keys(value)
        .slice(0, 5)
        .map((key) => `"${key}"`)
        .join(', ') || 'no keys'
    }`;
  return typeof value === 'string' ? 'text' : `a ${typeof value}`;
}
