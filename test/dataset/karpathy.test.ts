import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readDataset } from '../../src/dataset/read.ts';
import { folderOf } from './folder.ts';

const image = (filename: string, split: string, more: object = {}) => ({
  filename,
  imgid: 0,
  split,
  sentids: [0, 1],
  sentences: [
    { tokens: ['a', 'tricolored', 'dog'], raw: 'A tri-colored dog.', imgid: 0, sentid: 0 },
    { tokens: ['a', 'dog'], raw: 'A dog', imgid: 0, sentid: 1 },
  ],
  ...more,
});

describe('Karpathy splits', () => {
  it('reads COCO, where restval counts as train', async () => {
    const images = [
      image('1.jpg', 'train', { filepath: 'train2014', cocoid: 1 }),
      image('2.jpg', 'restval', { filepath: 'val2014', cocoid: 2 }),
      image('3.jpg', 'test', { filepath: 'val2014', cocoid: 3 }),
    ];
    const folder = folderOf({ 'dataset_coco.json': { images, dataset: 'coco' } });
    const { name, examples } = await readDataset(join(folder, 'dataset_coco.json'));
    expect(name).toBe('dataset_coco');
    expect(examples.map(({ key, split, id }) => [key, split, id])).toEqual([
      ['train2014/1.jpg', 'train', 1],
      ['val2014/2.jpg', 'train', 2],
      ['val2014/3.jpg', 'test', 3],
    ]);
    expect(examples[1]?.image).toBe(join(folder, 'val2014/2.jpg'));
    expect(examples[0]?.captions).toEqual(['A tri-colored dog.', 'A dog']);
  });

  it('reads Flickr, without filepath and cocoid, and finds images/', async () => {
    const folder = folderOf({
      'dataset_flickr8k.json': { images: [image('1.jpg', 'val')], dataset: 'flickr8k' },
      'images/1.jpg': '',
    });
    const { examples } = await readDataset(join(folder, 'dataset_flickr8k.json'));
    expect(examples).toEqual([
      {
        image: join(folder, 'images/1.jpg'),
        key: '1.jpg',
        split: 'val',
        captions: ['A tri-colored dog.', 'A dog'],
      },
    ]);
  });

  it('names the wrong record', async () => {
    const images = [image('1.jpg', 'val'), image('2.jpg', 'val', { sentences: [{ tokens: [] }] })];
    const folder = folderOf({ 'dataset_x.json': { images } });
    await expect(readDataset(join(folder, 'dataset_x.json'))).rejects.toThrow(
      /dataset_x\.json, images\[1\]: expected \{"filename": text, .*\} but got nothing for "sentences\.0\.raw"$/,
    );
  });
});
