import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { getNodeValue, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { messageOf, UserError } from '../errors.ts';

/** A `"key": value` of a config file. */
export interface ConfigEntry {
  readonly key: string;
  readonly value: unknown;
  /** The value as the file has it, cut short for messages. */
  readonly written: string;
  readonly keyOffset: number;
  readonly valueOffset: number;
}

export interface ConfigFile {
  readonly path: string;
  readonly entries: readonly ConfigEntry[];
  /** `file.json:7:12`: line and column, from 1, of that character. */
  placeOf(offset: number): string;
}

/** Larger files are refused, so that one that is no config can't fill the memory. */
const MOST_BYTES = 2 ** 20;

/**
 * Reads one object of JSON with comments and trailing commas, each key once; the values are not looked at.
 *
 * @throws UserError naming the file, and the line and column that are not as expected
 */
export async function readConfigFile(path: string): Promise<ConfigFile> {
  const text = decode(path, await readBytes(path));
  if (text.trim() === '') throw new UserError(`expected a config file but ${path} is empty`);
  const placeOf = (offset: number) => {
    const lines = text.slice(0, offset).split(/\r\n|\r|\n/);
    return `${path}:${lines.length}:${lines.at(-1)!.length + 1}`;
  };
  const properties = propertiesOf(text, placeOf);
  const entries = properties.map(({ children }): ConfigEntry => {
    const [key, value] = children!;
    return {
      key: key!.value,
      value: getNodeValue(value!),
      written: excerpt(text, value!),
      keyOffset: key!.offset,
      valueOffset: value!.offset,
    };
  });
  expectKeysOnce(entries, placeOf);
  return { path, entries, placeOf };
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    // Without O_NONBLOCK, opening a pipe waits until somebody writes to it. (Windows has neither.)
    const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const stats = await handle.stat();
      const expected = (why: string) => new UserError(`expected a config file but ${path} ${why}`);
      if (stats.isDirectory()) throw expected('is a directory');
      if (!stats.isFile()) throw expected('is a pipe or a device');
      if (stats.size > MOST_BYTES) {
        const size = `${Math.ceil(stats.size / 2 ** 20)} MB`;
        throw new UserError(`expected a config file of at most 1 MB but ${path} has ${size}`);
      }
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT')
      throw new UserError(`expected a config file but ${path} does not exist`, { cause });
    throw new UserError(`cannot read ${path}: ${messageOf(cause)}`, { cause });
  }
}

/** Text without its byte order mark. */
function decode(path: string, bytes: Uint8Array): string {
  const otherEncoding = (cause?: unknown) =>
    new UserError(`expected ${path} to be text in UTF-8 but it is not`, {
      hint: 'if it is a config file in another encoding, save it as UTF-8',
      cause,
    });
  // UTF-16 without a byte order mark passes for UTF-8, with a NUL for every other letter.
  if (bytes.includes(0)) throw otherEncoding();
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw otherEncoding(cause);
  }
}

/** The property nodes of the file's object. */
function propertiesOf(text: string, placeOf: ConfigFile['placeOf']): readonly Node[] {
  const errors: ParseError[] = [];
  let root: Node | undefined;
  try {
    root = parseTree(text, errors, { allowTrailingComma: true });
  } catch (cause) {
    // The parser calls itself for every level.
    if (!(cause instanceof RangeError)) throw cause;
    throw new UserError(`${placeOf(0)}: expected one object { ... } but got thousands of levels`, { cause });
  }
  if (errors[0]) throw syntaxError(text, errors[0], placeOf);
  if (root!.type === 'object') return root!.children!;
  throw new UserError(`${placeOf(root!.offset)}: expected an object { ... } but got ${excerpt(text, root!)}`);
}

const EXPECTED: Readonly<Record<ReturnType<typeof printParseErrorCode>, string>> = {
  InvalidSymbol: 'JSON',
  InvalidNumberFormat: 'a number',
  PropertyNameExpected: 'a key in double quotes',
  ValueExpected: 'a value',
  ColonExpected: 'a colon',
  CommaExpected: 'a comma',
  CloseBraceExpected: 'a closing }',
  CloseBracketExpected: 'a closing ]',
  EndOfFileExpected: 'nothing after the value',
  InvalidCommentToken: 'no comment',
  UnexpectedEndOfComment: 'the comment to be closed by */',
  UnexpectedEndOfString: 'a closing " on the same line',
  UnexpectedEndOfNumber: 'more digits',
  InvalidUnicode: '\\u with four hexadecimal digits',
  InvalidEscapeCharacter: 'one of \\" \\\\ \\/ \\b \\f \\n \\r \\t \\u behind a backslash',
  InvalidCharacter: 'no tab or control character in quotes',
  '<unknown ParseErrorCode>': 'JSON',
};

function syntaxError(text: string, error: ParseError, placeOf: ConfigFile['placeOf']): UserError {
  const what = printParseErrorCode(error.error);
  const ended = error.offset >= text.trimEnd().length || what === 'UnexpectedEndOfComment';
  const got = ended ? 'the end of the file' : excerpt(text, error);
  const expected = `${placeOf(error.offset)}: expected ${EXPECTED[what]} but got ${got}`;
  if (what === 'InvalidSymbol') return new UserError(expected, { hint: symbolHint(got) });
  if (what !== 'InvalidEscapeCharacter') return new UserError(expected);
  return new UserError(expected, { hint: 'paths may have / instead of \\' });
}

/** What is meant by something that JSON doesn't know. */
function symbolHint(symbol: string): string {
  if (/^(true|false)$/i.test(symbol)) return `write ${symbol.toLowerCase()}`;
  if (symbol.startsWith('#')) return 'comments begin with //';
  if (/^[-+.\d]/.test(symbol)) return 'numbers are written 3, -2, 0.5 or 1e-4';
  return 'keys and texts are in "double quotes"';
}

function expectKeysOnce(entries: readonly ConfigEntry[], placeOf: ConfigFile['placeOf']): void {
  const seen = new Map<string, ConfigEntry>();
  for (const entry of entries) {
    const first = seen.get(entry.key);
    if (first) {
      const place = placeOf(entry.keyOffset);
      throw new UserError(
        `${place}: expected ${entry.key} once but it is also at ${placeOf(first.keyOffset)}`,
      );
    }
    seen.set(entry.key, entry);
  }
}

/** A piece of the file on one line. */
function excerpt(text: string, { offset, length }: { readonly offset: number; readonly length: number }) {
  const line = text.slice(offset, offset + length).replaceAll(/\s+/g, ' ');
  return line.length > 60 ? `${line.slice(0, 60)}...` : line;
}
