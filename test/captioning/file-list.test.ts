import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { readFileList } from '../../src/captioning/file-list.ts';
import type { UserError } from '../../src/errors.ts';

let folder: string;
let list: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caption-list-'));
  list = join(folder, 'list');
});
afterAll(() => rm(folder, { recursive: true }));

/** What a list of these bytes holds, and the problems with it. */
async function read(bytes: string | Uint8Array, nullSeparated = false) {
  await writeFile(list, bytes);
  const problems: [string, UserError][] = [];
  const entries = await readFileList(list, nullSeparated, (path, error) => problems.push([path, error]));
  return { entries, problems };
}

/** Message and hint of the error that the list is refused with. */
async function refusal(bytes: string | Uint8Array, nullSeparated = false): Promise<string> {
  return read(bytes, nullSeparated).then(
    ({ entries }) => `taken: ${entries}`,
    ({ message, hint }: UserError) => [message, hint].join('; '),
  );
}

test('one path a line, whatever ends the lines, and nothing trimmed', async () => {
  const entries = [' a b.jpg ', './día/x.jpg', '*.png', '#1.jpg'];
  for (const end of ['\n', '\r\n']) {
    expect(await read(`${entries.join(end)}${end}`)).toEqual({ entries, problems: [] });
    expect(await read(`\uFEFF${end}${entries.join(`${end}${end}`)}`)).toEqual({ entries, problems: [] });
  }
});

test('paths with NUL behind each may hold line ends', async () => {
  const entries = ['a\nb.jpg', 'c\r\n.jpg', ' '];
  expect((await read(`${entries.join('\0')}\0`, true)).entries).toEqual(entries);
  expect((await read(entries.join('\0'), true)).entries).toEqual(entries);
  expect((await read('one.jpg', true)).entries).toEqual(['one.jpg']);
});

test('a name that is not UTF-8 is one problem', async () => {
  const { entries, problems } = await read(Buffer.from('a.jpg\ncaf\u00e9.jpg\nb.jpg\n', 'latin1'));
  expect(entries).toEqual(['a.jpg', 'b.jpg']);
  expect(problems.map(([path, { message }]) => [path, message])).toEqual([
    [
      'caf\uFFFD.jpg',
      'expected the name of caf\uFFFD.jpg to be UTF-8 but it has other bytes where \uFFFD stands',
    ],
  ]);
  // A name that really has the character is fine.
  expect(await read('caf\uFFFD.jpg\n')).toEqual({ entries: ['caf\uFFFD.jpg'], problems: [] });
});

test('standard input can be the list', async () => {
  const stdin = vi.spyOn(process, 'stdin', 'get');
  try {
    stdin.mockReturnValue(
      Readable.from([Buffer.from('a.jpg\nd'), Buffer.from('\u00eda.jpg\n')]) as typeof process.stdin,
    );
    expect(await readFileList('-', false, () => {})).toEqual(['a.jpg', 'd\u00eda.jpg']);
    stdin.mockReturnValue(Readable.from([]) as typeof process.stdin);
    await expect(readFileList('-', false, () => {})).rejects.toThrow(
      'expected paths in the file list standard input but it is empty',
    );
  } finally {
    stdin.mockRestore();
  }
});

test('what is no such list is refused with a way out', async () => {
  expect(await refusal('')).toBe(`expected paths in the file list ${list} but it is empty; `);
  expect(await refusal('\uFEFF\r\n\n')).toContain('it is empty');
  expect(await refusal('\0\0', true)).toContain('it is empty');
  expect(await refusal('a.jpg\0b.jpg\0')).toBe(
    `expected one path a line in the file list ${list} but got NUL characters; ` +
      'give -0 with lists whose paths are separated by NUL, as find -print0 makes them',
  );
  expect(await refusal('a.jpg\nb.jpg\n', true)).toBe(
    `expected paths separated by NUL in the file list ${list} but got only lines; ` +
      'leave out -0 with lists of one path a line',
  );
  for (const nullSeparated of [false, true]) {
    const jpeg = Buffer.from('ffd8ffe000104a46494600010100000100010000ffdb', 'hex');
    expect(await refusal(jpeg, nullSeparated)).toBe(
      `expected a list of paths but ${list} is a binary file; ` +
        'images are inputs, to be named without --file-list',
    );
  }
  expect(await refusal(Buffer.from('\uFEFFa.jpg\r\n', 'utf16le'))).toContain(
    'to be UTF-8 but it is UTF-16; save',
  );
});

test('a list that cannot be read is refused', async () => {
  const reading = (path: string) => readFileList(path, false, () => {});
  const nope = join(folder, 'nope');
  await expect(reading(nope)).rejects.toThrow(`expected a file list but ${nope} does not exist`);
  await expect(reading(folder)).rejects.toThrow(`expected a file list but ${folder} is a folder`);
  await expect(reading(join(list, 'below'))).rejects.toThrow(
    `cannot read the file list ${join(list, 'below')}: ENOTDIR`,
  );
});
