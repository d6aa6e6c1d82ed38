import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readDataset } from '../../src/dataset/read.ts';
import { UserError } from '../../src/errors.ts';
import { folderOf } from './folder.ts';

describe('JSON Lines', () => {
  it('reads images relative to the file, with splits and COCO ids', async () => {
    const folder = folderOf({
      'captions.jsonl':
        '\uFEFF{"image":"coco/1.jpg","split":"restval","captions":[" A dog. ",""],"coco_id":1}\r\n\r\n' +
        '{"image":"./b.jpg","captions":["One\u2028two"],"split":null,"squashed":true}',
    });
    expect(await readDataset(join(folder, 'captions.jsonl'))).toEqual({
      name: 'captions',
      root: folder,
      examples: [
        { image: join(folder, 'coco/1.jpg'), key: 'coco/1.jpg', split: 'train', captions: ['A dog.'], id: 1 },
        { image: join(folder, 'b.jpg'), key: 'b.jpg', split: undefined, captions: ['One\u2028two'] },
      ],
    });
  });

  it('looks for images in imagesDir, under unchanged keys', async () => {
    const folder = folderOf({
      'a.jsonl': '{"image":"x/1.jpg","captions":["A dog"]}',
      'pictures/x/1.jpg': '',
    });
    const { examples } = await readDataset(join(folder, 'a.jsonl'), { imagesDir: join(folder, 'pictures') });
    expect(examples[0]).toMatchObject({ image: join(folder, 'pictures/x/1.jpg'), key: 'x/1.jpg' });
  });

  const good = '{"image":"1.jpg","captions":["A dog"]}\n';
  it.each([
    ['{"image": "2.jpg"', /a\.jsonl:2: expected one JSON object a line but got \{"image": "2\.jpg"$/],
    [
      '{"captions":["A dog"]}',
      /a\.jsonl:2: expected \{"image": text, "captions": \[text, \.\.\.\], .*\} but got nothing for "image"$/,
    ],
    ['{"image":"2.jpg","captions":["a",5]}', /but got 5 for "captions\.1"$/],
    ['{"image":"2.jpg","captions":"a dog"}', /but got "a dog" for "captions"$/],
    ['{"image":"2.jpg","captions":["a"],"split":"dev"}', /train\|val\|test.* but got "dev" for "split"$/],
    ['[1]', /a\.jsonl:2: expected .* but got \[1\]$/],
    [
      '{"image":"2.jpg","captions":[" "]}',
      /^a\.jsonl:2: expected at least one caption for 2\.jpg but got none$/,
    ],
    [
      '{"image":"./1.jpg","captions":["a"]}',
      /^a\.jsonl:2: expected every image once but got 1\.jpg again \(first at a\.jsonl:1\)$/,
    ],
  ])('names the line of %s', async (line, message) => {
    const folder = folderOf({ 'a.jsonl': good + line });
    const reading = readDataset(join(folder, 'a.jsonl'));
    await expect(reading).rejects.toThrow(message);
    await expect(reading).rejects.toBeInstanceOf(UserError);
  });

  it('reads a file longer than one chunk', async () => {
    const lines = Array.from({ length: 5000 }, (_, i) =>
      JSON.stringify({ image: `${i}.jpg`, captions: [`é${'x'.repeat(100)} ${i}`] }),
    );
    const folder = folderOf({ 'a.jsonl': lines.join('\n') });
    const { examples } = await readDataset(join(folder, 'a.jsonl'));
    expect(examples).toHaveLength(5000);
    expect(examples.every(({ captions }, i) => captions[0] === `é${'x'.repeat(100)} ${i}`)).toBe(true);
  });
});
