import { type FileHandle, open, stat } from 'node:fs/promises';
import { messageOf, UserError } from '../../errors.ts';
import type { DocumentFormat } from './document-format.ts';
import { linesOf, readAt, sizeWithoutNuls } from './file-lines.ts';
import { oneLine } from './one-line.ts';

/** A record in a file: the bytes from `start` to `end`, without its separator. */
export interface StoredRecord {
  readonly key: string;
  readonly start: number;
  readonly end: number;
}

/** A document that exists. */
export interface StoredDocument {
  readonly records: readonly StoredRecord[];
  /** The last record's line has no end. */
  readonly unended: boolean;
  /** What stands behind the last record is the tail and nothing else. */
  readonly whole: boolean;
}

/** More than a record has: a path's 4,096 bytes, its captions and a thumbnail fit. */
const RECORD_BYTES = 2 ** 20;
const RECORD_LINES = 4096;
/** The most lines of a record that is looked for behind text that isn't one. */
const LINES_BEHIND = 8;

/** Characters of a file that a message shows. */
const EXCERPT = 60;

const BYTE_ORDER_MARK = Buffer.from('\ufeff');

/**
 * Finds the records of a document, in bounded memory but for their keys. What a write that was broken off may
 * have left at its end is passed over: a part of a record or of the tail, and NUL bytes.
 *
 * @returns undefined where there is no such file
 * @throws UserError where it isn't a document of that format, with file and line
 */
export async function readDocument(
  path: string,
  format: DocumentFormat,
): Promise<StoredDocument | undefined> {
  try {
    const status = await stat(path);
    // Of a pipe nothing is read: it might never end.
    if (!status.isFile())
      throw new UserError(`expected ${path} to be a file but got a folder, pipe or device`);
    const handle = await open(path, 'r');
    try {
      return await new Scan(handle, path, format).run(status.size);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new UserError(`cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}

class Scan {
  readonly #handle: FileHandle;
  readonly #path: string;
  readonly #format: DocumentFormat;
  readonly #records: StoredRecord[] = [];
  #unended = false;
  /** The line, from 1, on which the text in hand begins. */
  #line = 1;

  constructor(handle: FileHandle, path: string, format: DocumentFormat) {
    this.#handle = handle;
    this.#path = path;
    this.#format = format;
  }

  async run(fileSize: number): Promise<StoredDocument> {
    const size = await sizeWithoutNuls(this.#handle, fileSize);
    const start = await this.#endOfHead(size);
    if (start === undefined) return { records: [], unended: false, whole: false };
    const rest = await this.#readRecords(start, size);

    const { tail } = this.#format;
    const closed = rest.trim() === tail.trim();
    const cutInTail = tail.trimStart().startsWith(rest);
    if (!closed && !cutInTail && !this.#isTorn(rest)) this.#refuse(rest);
    const end = this.#records.at(-1)?.end ?? start;
    const whole = closed && !this.#unended && fileSize - end === Buffer.byteLength(tail);
    return { records: this.#records, unended: this.#unended, whole };
  }

  /** Where the head ends, a byte order mark before it included; undefined where it was cut short. */
  async #endOfHead(size: number): Promise<number | undefined> {
    const { head, name } = this.#format;
    const bytes = await readAt(this.#handle, 0, Math.min(size, Buffer.byteLength(head) + EXCERPT));
    const mark = bytes.indexOf(BYTE_ORDER_MARK) === 0 ? BYTE_ORDER_MARK.length : 0;
    const opening = bytes.subarray(mark);
    for (const form of [head, head.replaceAll('\r\n', '\n')]) {
      const expected = Buffer.from(form);
      if (!opening.subarray(0, expected.length).equals(expected)) continue;
      this.#line += form.split('\n').length - 1;
      return mark + expected.length;
    }
    if (Buffer.from(head).subarray(0, size).equals(opening)) return undefined;
    throw new UserError(
      `expected ${this.#path} to begin as ${name} written here does but got "${excerpt(opening.toString())}"`,
      { hint: 'move the file away, or give another --out' },
    );
  }

  /** Reads all records. What follows the last one, where it is no blank line, is returned. */
  async #readRecords(start: number, end: number): Promise<string> {
    let from = start;
    let text = '';
    let bytes = 0;
    let lines = 0;
    for await (const line of linesOf(this.#handle, start, end, RECORD_BYTES)) {
      text += line.toString();
      bytes += line.length;
      lines++;
      if (bytes > RECORD_BYTES || lines > RECORD_LINES) this.#refuse(text);
      if (text.trim() !== '' && !this.#take(text, from, bytes)) continue;
      from += bytes;
      this.#line += lines;
      text = '';
      bytes = 0;
      lines = 0;
    }
    return text;
  }

  /** Notes the text as a record if it is one. */
  #take(text: string, from: number, bytes: number): boolean {
    const first = this.#records.length === 0;
    const key = this.#keyIn(text, first);
    if (key === undefined) return false;
    this.#unended = !text.endsWith('\n');
    // Of a line end that was cut in two, nothing is kept.
    const half = text.endsWith('\r') ? 1 : 0;
    const separator = first ? 0 : Buffer.byteLength(this.#format.separator);
    this.#records.push({ key, start: from + separator, end: from + bytes - half });
    return true;
  }

  #keyIn(text: string, first: boolean): string | undefined {
    const separator = first ? '' : this.#format.separator;
    return text.startsWith(separator) ? this.#format.keyIn(text.slice(separator.length)) : undefined;
  }

  /** Whether the text at the end of the file is what a write that was broken off leaves, and no record is lost with it. */
  #isTorn(rest: string): boolean {
    const { separator, tail } = this.#format;
    const cut = withoutEndOf(tail, rest);
    const first = this.#records.length === 0;
    if (!first && separator.startsWith(cut)) return true;
    const lead = first ? '' : separator;
    if (!cut.startsWith(lead) || this.#format.begins?.(cut.slice(lead.length)) === false) return false;
    const lines = rest.split(/(?<=\n)/);
    return !lines.some((_, at) => at > 0 && this.#beginsRecord(lines.slice(at, at + LINES_BEHIND)));
  }

  #beginsRecord(lines: readonly string[]): boolean {
    const texts = lines.map((_, last) => lines.slice(0, last + 1).join(''));
    return [true, false].some((first) => texts.some((text) => this.#keyIn(text, first) !== undefined));
  }

  #refuse(text: string): never {
    throw new UserError(
      `expected a ${this.#format.name} record in ${this.#path}, line ${this.#line}, but got "${excerpt(text)}"`,
      { hint: 'mend the line, move the file away, or give another --out' },
    );
  }
}

/** A record is written over the tail: one cut short within that length has the old tail's end behind it. */
function withoutEndOf(tail: string, text: string): string {
  if (text.length !== tail.length) return text;
  let end = text.length;
  while (end > 0 && text[end - 1] === tail[end - 1]) end--;
  return text.slice(0, end);
}

/** The beginning of the first line. */
function excerpt(text: string): string {
  const line = oneLine(text.split(/\r?\n/, 1)[0]!);
  return line.length > EXCERPT ? `${line.slice(0, EXCERPT)}…` : line;
}
