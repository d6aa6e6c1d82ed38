import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkImages } from '../../src/dataset/images.ts';
import { readDataset } from '../../src/dataset/read.ts';
import { folderOf } from './folder.ts';

const lines = (count: number) =>
  Array.from({ length: count }, (_, i) => JSON.stringify({ image: `${i}.jpg`, captions: ['A dog'] })).join(
    '\n',
  );

describe('checkImages', () => {
  it('passes when all images are there', async () => {
    const folder = folderOf({ 'a.jsonl': lines(2), '0.jpg': '', '1.jpg': '' });
    await expect(checkImages(await readDataset(join(folder, 'a.jsonl')))).resolves.toBeUndefined();
  });

  it('names the first missing images and counts the rest', async () => {
    const folder = folderOf({ 'a.jsonl': lines(300), '0.jpg': '', '299.jpg': '' });
    const checking = checkImages(await readDataset(join(folder, 'a.jsonl')));
    const named = [1, 2, 3].map((i) => join(folder, `${i}.jpg`)).join(', ');
    await expect(checking).rejects.toThrow(
      `expected all 300 images of a but got 298 missing: ${named} and 295 more`,
    );
    await expect(checking).rejects.toMatchObject({ hint: expect.stringContaining('--images-dir') });
  });
});
