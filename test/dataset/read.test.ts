import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { looksLikeDataset, readDataset } from '../../src/dataset/read.ts';
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
  ])('lists the known formats for %s', async (_, files: Record<string, string>, name, message) => {
    const reading = readDataset(join(folderOf(files), name));
    await expect(reading).rejects.toThrow(message);
    await expect(reading).rejects.toMatchObject({
      hint: expect.stringMatching(/^known formats: .*Karpathy.*Flickr8k/),
    });
  });

  it.each(['', ' \n'])('says that a file is empty: %j', async (text) => {
    const reading = readDataset(join(folderOf({ 'a.json': text }), 'a.json'));
    await expect(reading).rejects.toThrow(/^expected .*a\.json to be a JSON file but it is empty$/);
    await expect(reading).rejects.toBeInstanceOf(UserError);
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

describe('looksLikeDataset', () => {
  const captions = '{"images": [], "annotations": []}';
  it.each([
    [true, 'captions.jsonl', { 'captions.jsonl': LINE, '1.jpg': '' }],
    [true, 'captions.txt', { 'captions.txt': 'image,caption' }],
    [true, 'Flickr8k.token.txt', { 'Flickr8k.token.txt': '' }],
    [true, "COCO's captions", { 'captions_val2017.json': captions }],
    [true, "COCO's annotations", { 'annotations/captions_train2014.json': captions }],
    [false, 'other captions', { 'captions.json': '["by another program"]', '1.jpg': '' }],
    [false, 'other annotations', { 'annotations/instances_val2017.json': '{}', '1.jpg': '' }],
    [false, 'a file named annotations', { annotations: 'mine', '1.jpg': '' }],
    [false, 'nothing', {}],
  ])(
    'says %s of a folder with %s, as readDataset does',
    async (expected, _, files: Record<string, string>) => {
      const folder = folderOf(files);
      expect(await looksLikeDataset(folder)).toBe(expected);
      const reading = await readDataset(folder).catch((error: Error) => error.message);
      const found = !String(reading).startsWith('expected a captioned data set but found none');
      expect(found).toBe(expected);
    },
  );

  it('names a folder that cannot be listed', async () => {
    const folder = folderOf({ '1.jpg': '' });
    symlinkSync(join(folder, 'gone'), join(folder, 'annotations'));
    const looking = looksLikeDataset(folder);
    await expect(looking).rejects.toThrow(/^cannot read .*annotations: ENOENT/);
    await expect(looking).rejects.toBeInstanceOf(UserError);
  });

  it.each([
    ['a.jsonl', true],
    ['A.JSON', true],
    ['a.csv', true],
    ['a.token', true],
    ['a.jpg', false],
    ['a', false],
  ])('goes by the extension of a file, which may be missing: %s', async (name, expected) => {
    expect(await looksLikeDataset(join(folderOf({}), name))).toBe(expected);
  });
});
