import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readTextCaptions } from '../../src/dataset/text.ts';
import { UserError } from '../../src/errors.ts';
import { folderOf } from './folder.ts';

describe('readTextCaptions', () => {
  const read = (text: string) => readTextCaptions(join(folderOf({ 'a.txt': text }), 'a.txt'));

  it('reads a caption a line, and leaves blank lines out', async () => {
    expect(await read('A dog.\n\n  \nTwo cats\u2028on a sofa\n')).toEqual([
      'A dog.',
      'Two cats\u2028on a sofa',
    ]);
  });

  it('reads what Windows writes, and a last line without an end', async () => {
    expect(await read('\uFEFFA dog.\r\n\r\nUn café\r\nlast')).toEqual(['A dog.', 'Un café', 'last']);
  });

  it('refuses a file without captions', async () => {
    for (const text of ['', '\n \n\r\n']) {
      await expect(read(text)).rejects.toThrow(
        /^expected captions in .*a\.txt, one a line, but it has none$/,
      );
      await expect(read(text)).rejects.toBeInstanceOf(UserError);
    }
  });

  it('refuses what is no UTF-8 text, by its line', async () => {
    const hint = 'one caption a line; unpack a .gz first';
    const path = join(folderOf({}), 'a.txt');
    for (const [bytes, line] of [
      [gzipSync('A dog.\n'.repeat(50)), 1],
      [Buffer.concat([Buffer.from('A dog.\n\nUn caf'), Buffer.of(0xe9), Buffer.from('\nmore')]), 3],
      [Buffer.from('A dog.\nA \0 cat\n'), 2],
    ] as const) {
      writeFileSync(path, bytes);
      const reading = readTextCaptions(path);
      await expect(reading).rejects.toThrow(`expected ${path} to be UTF-8 text but line ${line} is not`);
      await expect(reading).rejects.toMatchObject({ name: 'UserError', hint });
    }
  });

  it('says which file cannot be read', async () => {
    const folder = folderOf({});
    await expect(readTextCaptions(join(folder, 'none.txt'))).rejects.toThrow(
      /^cannot read .*none\.txt: ENOENT/,
    );
    await expect(readTextCaptions(folder)).rejects.toThrow(/^cannot read .*: EISDIR/);
  });
});
