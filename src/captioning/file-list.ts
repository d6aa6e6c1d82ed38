import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { messageOf, UserError } from '../errors.ts';
import { isDecoded, misnamed, type OnProblem } from './walk.ts';

/**
 * The paths in a list made by another tool: one a line (LF or CRLF, blank lines skipped), or with NUL behind each.
 * Nothing else is taken away from them, and nobody looks whether they exist.
 *
 * @param list a file, or `-` for standard input
 * @throws UserError if the list can't be read, is empty, or is no such list
 */
export async function readFileList(
  list: string,
  nullSeparated: boolean,
  onProblem: OnProblem,
): Promise<string[]> {
  const name = list === '-' ? 'standard input' : list;
  const bytes = await bytesOf(list, name);
  checkKind(bytes, name);
  const text = textOf(bytes, name);
  checkSeparator(text, nullSeparated, name);

  const entries = text.split(nullSeparated ? '\0' : /\r?\n/).filter((entry) => entry !== '');
  if (entries.length === 0) throw new UserError(`expected paths in the file list ${name} but it is empty`);
  if (isUtf8(bytes)) return entries;
  for (const entry of entries.filter(isDecoded)) onProblem(entry, misnamed(entry));
  return entries.filter((entry) => !isDecoded(entry));
}

async function bytesOf(list: string, name: string): Promise<Buffer> {
  try {
    return list === '-' ? await buffer(process.stdin) : await readFile(list);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') {
      throw new UserError(`expected a file list but ${name} does not exist`, { cause: error });
    }
    if (code === 'EISDIR') {
      throw new UserError(`expected a file list but ${name} is a folder`, {
        hint: 'folders are inputs, to be named without --file-list',
        cause: error,
      });
    }
    throw new UserError(`cannot read the file list ${name}: ${messageOf(error)}`, { cause: error });
  }
}

/** Refuses what isn't text. Names in another encoding than UTF-8 may be in a list, control characters aren't. */
function checkKind(bytes: Buffer, name: string): void {
  const [first = 0, second = 0] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    throw new UserError(`expected the file list ${name} to be UTF-8 but it is UTF-16`, {
      hint: 'save it as UTF-8 (in PowerShell: Out-File -Encoding utf8)',
    });
  }
  if (!isUtf8(bytes) && bytes.some((byte) => byte < 0x20 && !ALLOWED_CONTROLS.includes(byte))) {
    throw new UserError(`expected a list of paths but ${name} is a binary file`, {
      hint: 'images are inputs, to be named without --file-list',
    });
  }
}

/** NUL, tab, line feed, carriage return. */
const ALLOWED_CONTROLS = [0x00, 0x09, 0x0a, 0x0d];

function textOf(bytes: Buffer, name: string): string {
  try {
    return bytes.toString('utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    throw new UserError(`cannot read the file list ${name}: ${messageOf(error)}`, { cause: error });
  }
}

function checkSeparator(text: string, nullSeparated: boolean, name: string): void {
  if (!nullSeparated && text.includes('\0')) {
    throw new UserError(`expected one path a line in the file list ${name} but got NUL characters`, {
      hint: 'give -0 with lists whose paths are separated by NUL, as find -print0 makes them',
    });
  }
  if (nullSeparated && !text.includes('\0') && text.includes('\n')) {
    throw new UserError(`expected paths separated by NUL in the file list ${name} but got only lines`, {
      hint: 'leave out -0 with lists of one path a line',
    });
  }
}
