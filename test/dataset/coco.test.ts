import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readDataset } from '../../src/dataset/read.ts';
import { UserError } from '../../src/errors.ts';
import { folderOf } from './folder.ts';

const coco = (ids: number[]) => ({
  info: { description: 'x', nested: [1, { a: [] }] },
  images: ids.map((id) => ({ id, file_name: `${id}.jpg`, height: 4, coco_url: 'http://x' })),
  licenses: [{ id: 1 }],
  annotations: ids.flatMap((id) => [
    { image_id: id, id: id * 2, caption: `first of ${id}` },
    { image_id: id, id: id * 2 + 1, caption: `second of ${id}\n` },
  ]),
  type: 'captions',
});

describe('COCO captions', () => {
  it('joins annotations to their images', async () => {
    const folder = folderOf({ 'captions.json': coco([9, 25]) });
    expect(await readDataset(join(folder, 'captions.json'))).toEqual({
      name: 'captions',
      root: folder,
      examples: [9, 25].map((id) => ({
        image: join(folder, `${id}.jpg`),
        key: `${id}.jpg`,
        split: undefined,
        captions: [`first of ${id}`, `second of ${id}`],
        id,
      })),
    });
  });

  it('reads annotations that come before the images', async () => {
    const { images, annotations } = coco([9]);
    const folder = folderOf({ 'captions.json': { annotations, images } });
    expect((await readDataset(join(folder, 'captions.json'))).examples[0]?.captions).toHaveLength(2);
  });

  it.each([
    ['captions_train2017.json', 'train'],
    ['captions_val2014.json', 'val'],
    ['Captions-Test.json', 'test'],
    ['captions_trainval.json', undefined],
    ['captions.json', undefined],
    ['validated_trains.json', undefined],
  ])('takes the split of %s from its name: %s', async (name, split) => {
    const folder = folderOf({ [name]: coco([9]) });
    expect((await readDataset(join(folder, name))).examples[0]?.split).toBe(split);
  });

  it.each(['val2017/9.jpg', 'images/val2017/9.jpg', 'annotations/9.jpg', 'annotations/images/val2017/9.jpg'])(
    'finds images in %s',
    async (image) => {
      const folder = folderOf({ 'annotations/captions_val2017.json': coco([8, 9]), [image]: '' });
      const { examples } = await readDataset(join(folder, 'annotations/captions_val2017.json'));
      expect(examples[1]).toMatchObject({ image: join(folder, image), key: '9.jpg' });
    },
  );

  it('reads train and val of a folder together', async () => {
    const folder = folderOf({
      'annotations/captions_train2017.json': coco([1, 2]),
      'annotations/captions_val2017.json': coco([3]),
      'annotations/instances_val2017.json': '{}',
      'train2017/1.jpg': '',
      'val2017/3.jpg': '',
    });
    const { root, examples } = await readDataset(folder);
    expect(root).toBe(folder);
    expect(examples.map(({ image, split }) => [image, split])).toEqual([
      [join(folder, 'train2017/1.jpg'), 'train'],
      [join(folder, 'train2017/2.jpg'), 'train'],
      [join(folder, 'val2017/3.jpg'), 'val'],
    ]);
  });

  it('refuses a folder of two years, which overlap', async () => {
    const folder = folderOf({ 'captions_train2014.json': coco([1]), 'captions_val2017.json': coco([2]) });
    await expect(readDataset(folder)).rejects.toThrow(
      /^expected the captions of one year in .* but got captions_train2014\.json, captions_val2017\.json$/,
    );
  });

  const image = { id: 9, file_name: '9.jpg' };
  const caption = { image_id: 9, caption: 'A dog' };
  it.each([
    [
      { images: [image, { id: '8', file_name: '8.jpg' }], annotations: [caption] },
      /c\.json, images\[1\]: expected \{"id": number, "file_name": text\} but got "8" for "id"$/,
    ],
    [
      { images: [image], annotations: [caption, { image_id: 9, segmentation: [] }] },
      /c\.json, annotations\[1\]: expected \{"image_id": number, "caption": text\} but got nothing for "caption"$/,
    ],
    [
      { images: [image, image], annotations: [caption] },
      /images\[1\]: expected every image id once but got 9 again$/,
    ],
    [
      { images: { 9: image }, annotations: [caption] },
      /^expected .*c\.json to hold a list "images" but got an object of that name$/,
    ],
    [
      { images: [image], annotations: { 0: caption } },
      /^expected .*c\.json to hold a list "annotations" but got an object of that name$/,
    ],
    [
      { images: [image], annotations: [caption, { image_id: 7, caption: 'x' }] },
      /c\.json: expected captions of its images only but got one for image_id 7$/,
    ],
    [
      { images: [image], annotations: [] },
      /^c\.json, image id 9: expected at least one caption for 9\.jpg but got none$/,
    ],
  ])('names the wrong record of %j', async (content, message) => {
    const folder = folderOf({ 'c.json': content });
    const reading = readDataset(join(folder, 'c.json'));
    await expect(reading).rejects.toThrow(message);
    await expect(reading).rejects.toBeInstanceOf(UserError);
  });

  it('names a file that was cut short', async () => {
    const folder = folderOf({ 'c.json': JSON.stringify(coco([1, 2])).slice(0, -30) });
    await expect(readDataset(join(folder, 'c.json'))).rejects.toThrow(
      /^expected .*c\.json to be a whole JSON file but got: /,
    );
  });

  it('reads many records in many chunks', async () => {
    const ids = Array.from({ length: 6000 }, (_, i) => i);
    const folder = folderOf({ 'c.json': `${JSON.stringify(coco(ids), null, 1)}\n` });
    const { examples } = await readDataset(join(folder, 'c.json'));
    expect(examples.map(({ id }) => id)).toEqual(ids);
    expect(examples.every(({ id, captions }) => captions[0] === `first of ${id}`)).toBe(true);
  });
});
