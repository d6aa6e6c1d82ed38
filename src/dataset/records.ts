import { createReadStream } from 'node:fs';
import { JSONParser } from '@streamparser/json';
import type { z } from 'zod';
import { messageOf, UserError } from '../errors.ts';

/** One element of a top-level list of a JSON file: `{"images": [...]}` gives `list: 'images'`. */
export interface JsonRecord {
  readonly list: string;
  readonly index: number;
  readonly value: unknown;
}

/**
 * The elements of the named top-level lists of a JSON object, in the file's order, read piece by piece:
 * everything else in the file is skipped, so memory doesn't grow with the file.
 */
export async function* readJsonRecords(path: string, lists: readonly string[]): AsyncGenerator<JsonRecord> {
  const parser = new JSONParser({ paths: lists.map((list) => `$.${list}.*`), keepStack: false });
  let records: JsonRecord[] = [];
  /** A name that stands for an object, whose fields would pass for elements. */
  let noList: string | undefined;
  parser.onValue = ({ value, key, stack }) => {
    const list = String(stack[1]?.key);
    if (typeof key === 'number') records.push({ list, index: key, value });
    else noList ??= list;
  };
  let blank = true;
  const stream = createReadStream(path, { highWaterMark: 1 << 18 });
  try {
    for await (const chunk of stream) {
      blank &&= chunk.toString().trim() === '';
      parse(path, () => parser.write(chunk));
      if (noList !== undefined) {
        throw new UserError(`expected ${path} to hold a list "${noList}" but got an object of that name`);
      }
      yield* records;
      records = [];
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
  if (blank) throw new UserError(`expected ${path} to be a JSON file but it is empty`);
  parse(path, () => {
    if (!parser.isEnded) parser.end();
  });
}

function parse(path: string, step: () => void): void {
  try {
    step();
  } catch (error) {
    throw new UserError(`expected ${path} to be a whole JSON file but got: ${messageOf(error)}`, {
      hint: 'it may have been cut short; fetch or make it again',
      cause: error,
    });
  }
}

/**
 * `value` as `schema` types it. The error says where the record is, the `shape` that was expected, and
 * the first field that doesn't fit.
 */
export function checkRecord<T>(schema: z.ZodType<T>, value: unknown, where: string, shape: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const path = result.error.issues[0]?.path ?? [];
  let wrong: unknown = value;
  for (const step of path) wrong = (wrong as Record<PropertyKey, unknown>)[step];
  const field = path.length > 0 ? ` for "${path.join('.')}"` : '';
  const text = JSON.stringify(wrong) ?? 'nothing';
  const got = text.length > 80 ? `${text.slice(0, 80)}...` : text;
  throw new UserError(`${where}: expected ${shape} but got ${got}${field}`);
}
