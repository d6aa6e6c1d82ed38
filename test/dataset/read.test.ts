import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readDataset } from '../../src/dataset/read.ts';
import { UserError } from '../../src/errors.ts';
import { folderOf } from './folder.ts';

const LINE = '{"image":"1.jpg","captions":["A dog"]}';

describe('readDataset', () => {
  it('finds captions.jsonl in a folder', async () => {
    const folder = folderOf({ 'captions.jsonl': LINE, 'notes.md': '' });
    expect((await readDataset(folder)).examples).toHaveLength(1);
  });

  it.each([
    [
      'a folder without captions',
      { 'notes.md': '' },
      '',
      /^expected a captioned data set but found none in /,
    ],
    [
      'another kind of file',
      { 'a.parquet': 'x' },
      'a.parquet',
      /^expected a captioned data set but got .*a\.parquet$/,
    ],
    [
      'other JSON',
      { 'a.json': '{"captions": []}' },
      'a.json',
      /^expected .*a\.json to hold a list "images" but got none$/,
    ],
    ['a JSON list', { 'a.json': '[{"image_id": 1}]' }, 'a.json', /to hold a list "images" but got none$/],
    ['an empty file', { 'a.json': '' }, 'a.json', /to hold a list "images" but got none$/],
  ])('lists the known formats for %s', async (_, files: Record<string, string>, name, message) => {
    const reading = readDataset(join(folderOf(files), name));
    await expect(reading).rejects.toThrow(message);
    await expect(reading).rejects.toMatchObject({
      hint: expect.stringMatching(/^known formats: .*Karpathy.*Flickr8k/),
    });
  });

  it.each(['missing.jsonl', 'missing.json', 'missing'])('names %s', async (name) => {
    const reading = readDataset(join(folderOf({}), name));
    await expect(reading).rejects.toThrow(new RegExp(`^cannot read .*${name}: ENOENT`));
    await expect(reading).rejects.toBeInstanceOf(UserError);
  });

  it('names an images folder that is missing or a file', async () => {
    const folder = folderOf({ 'a.jsonl': LINE });
    const file = join(folder, 'a.jsonl');
    await expect(readDataset(file, { imagesDir: join(folder, 'no') })).rejects.toThrow(
      /^cannot read .*no: ENOENT/,
    );
    await expect(readDataset(file, { imagesDir: file })).rejects.toThrow(
      /^expected a folder of images but got the file/,
    );
  });
});
