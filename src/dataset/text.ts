import { UserError } from '../errors.ts';
import { readLines } from './lines.ts';

/** The captions of a UTF-8 text file, one a line; blank lines are left out. A UserError where there is none. */
export async function readTextCaptions(path: string): Promise<string[]> {
  const captions: string[] = [];
  for await (const { number, text } of readLines(path)) {
    // A .gz, an image, ...: their bytes are no words.
    if (text.includes('\0') || text.includes('\uFFFD')) {
      throw new UserError(`expected ${path} to be UTF-8 text but line ${number} is not`, {
        hint: 'one caption a line; unpack a .gz first',
      });
    }
    captions.push(text);
  }
  if (captions.length === 0) throw new UserError(`expected captions in ${path}, one a line, but it has none`);
  return captions;
}
