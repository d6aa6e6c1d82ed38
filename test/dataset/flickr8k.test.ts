import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readDataset } from '../../src/dataset/read.ts';
import { folderOf } from './folder.ts';

const CSV = [
  'image,caption',
  '1_a.jpg,A child in a pink dress .',
  '1_a.jpg,"A dog , a ball and a ""stick"" ."',
  '2_b.jpg,A cat , asleep .',
  '2_b.jpg,"Stop" says the sign , twice .',
  '3_c.jpg,Somebody .',
].join('\r\n');
const LISTS = {
  'Flickr_8k.trainImages.txt': '1_a.jpg\n',
  'Flickr_8k.testImages.txt': '2_b.jpg\n',
};

describe('Flickr8k', () => {
  it('reads captions.txt with commas and quotes, and splits from the lists', async () => {
    const folder = folderOf({ 'captions.txt': CSV, ...LISTS });
    expect(await readDataset(folder)).toEqual({
      name: basename(folder),
      root: folder,
      examples: [
        {
          image: join(folder, '1_a.jpg'),
          key: '1_a.jpg',
          split: 'train',
          captions: ['A child in a pink dress .', 'A dog , a ball and a "stick" .'],
        },
        {
          image: join(folder, '2_b.jpg'),
          key: '2_b.jpg',
          split: 'test',
          captions: ['A cat , asleep .', '"Stop" says the sign , twice .'],
        },
        { image: join(folder, '3_c.jpg'), key: '3_c.jpg', split: undefined, captions: ['Somebody .'] },
      ],
    });
  });

  it('reads Flickr8k.token.txt, without the image that was never released', async () => {
    const text =
      '1.jpg#0\tA dog , running .\n1.jpg#1\tA dog .\n2258277193_586949ec62.jpg.1#0\tpeople waiting\n2.jpg#0\tA cat\n';
    const folder = folderOf({ 'Flickr8k.token.txt': text });
    const { examples } = await readDataset(join(folder, 'Flickr8k.token.txt'));
    expect(examples.map(({ key, captions }) => [key, captions])).toEqual([
      ['1.jpg', ['A dog , running .', 'A dog .']],
      ['2.jpg', ['A cat']],
    ]);
  });

  it.each(['1_a.jpg', 'Images/1_a.jpg', 'Flicker8k_Dataset/1_a.jpg'])('finds images in %s', async (image) => {
    const folder = folderOf({ 'captions.txt': CSV, [image]: '' });
    expect((await readDataset(folder)).examples[0]?.image).toBe(join(folder, image));
  });

  it.each([
    ['image,caption\n1.jpg,A\nno comma here', /c\.txt:3: expected "image,caption" but got no comma here$/],
    ['image,caption\n1.jpg,A\n,orphan', /c\.txt:3: expected "image,caption" but got ,orphan$/],
    [
      'image,caption\n1.jpg,"A dog',
      /c\.txt:2: expected a closing quote after the caption but got 1\.jpg,"A dog$/,
    ],
    ['1.jpg#0\tA\n2.jpg A', /c\.txt:2: expected "name\.jpg#0<TAB>caption" but got 2\.jpg A$/],
    [
      'Dear diary,',
      /c\.txt:1: expected the header "image,caption" or "name\.jpg#0<TAB>caption" but got Dear diary,$/,
    ],
    ['', /^expected captioned images in .*c\.txt but got none$/],
  ])('names the wrong line of %j', async (text, message) => {
    const folder = folderOf({ 'c.txt': text });
    await expect(readDataset(join(folder, 'c.txt'))).rejects.toThrow(message);
  });

  it('refuses an image that is in two split lists', async () => {
    const folder = folderOf({ 'captions.txt': CSV, ...LISTS, 'Flickr_8k.devImages.txt': '1_a.jpg\n' });
    await expect(readDataset(folder)).rejects.toThrow(
      /devImages\.txt:1: expected an image of one split only but got 1_a\.jpg, also in train$/,
    );
  });
});
