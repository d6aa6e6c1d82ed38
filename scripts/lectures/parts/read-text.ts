import { readFile } from 'node:fs/promises';
import { messageOf, UserError } from '../../../src/errors.ts';

/** The text of the one file on the command line. */
export async function readText(files: readonly string[]): Promise<string> {
  const [file] = files;
  if (files.length !== 1) throw new UserError(`expected one text file but got ${files.length}`);
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new UserError(`expected a text file but cannot read ${file}: ${messageOf(error)}`);
  }
}
