import { createReadStream } from 'node:fs';
import { messageOf, UserError } from '../errors.ts';

/**
 * The lines of a UTF-8 text file, one after the other, with numbers from 1; blank lines are left out.
 * Splits at line feeds only: `node:readline` would also cut at U+2028, which JSON strings may hold.
 */
export async function* readLines(path: string): AsyncGenerator<{ number: number; text: string }> {
  let number = 0;
  let rest = '';
  try {
    for await (const chunk of createReadStream(path, { encoding: 'utf8', highWaterMark: 1 << 18 })) {
      const pieces: string[] = chunk.split('\n');
      pieces[0] = rest + pieces[0];
      rest = pieces.pop()!;
      for (const piece of pieces) {
        number++;
        if (piece.trim() !== '') yield { number, text: clean(piece, number) };
      }
    }
  } catch (error) {
    throw new UserError(`cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
  if (rest.trim() !== '') yield { number: number + 1, text: clean(rest, number + 1) };
}

/** Without the carriage return of Windows and the byte order mark of a file's first line. */
function clean(line: string, number: number): string {
  const text = line.endsWith('\r') ? line.slice(0, -1) : line;
  return number === 1 && text.startsWith('\uFEFF') ? text.slice(1) : text;
}
