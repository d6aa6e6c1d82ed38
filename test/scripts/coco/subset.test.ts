import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SOURCES } from '../../../scripts/coco/sources.ts';
import {
  chooseSubset,
  countSplits,
  type NamedImage,
  readImages,
  withSplits,
  writeImages,
} from '../../../scripts/coco/subset.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caption-subset-'));
  await writeFile(join(folder, 'train.json'), captions(1, 300));
  await writeFile(join(folder, 'reversed.json'), captions(1, 300, true));
  await writeFile(join(folder, 'val.json'), captions(1001, 160));
  await writeFile(join(folder, 'karpathy.json'), karpathy());
});
afterAll(() => rm(folder, { recursive: true }));

function captions(from: number, count: number, reversed = false): string {
  const ids = Array.from({ length: count }, (_, i) => from + i);
  const images = ids.map((id) => ({ id, file_name: `${id}.jpg` }));
  const annotations = ids.map((id) => ({ image_id: id, caption: `image ${id}` }));
  return JSON.stringify({ images: reversed ? images.reverse() : images, annotations });
}

function karpathy(): string {
  const splits = ['train', 'restval', 'val', 'test'];
  const images = Array.from({ length: 40 }, (_, i) => ({
    filepath: 'val2014',
    filename: `COCO_val2014_${i}.jpg`,
    split: splits[i % 4],
    cocoid: i,
    sentences: [{ raw: 'a cat' }],
  }));
  return JSON.stringify({ images, dataset: 'coco' });
}

const train = (images: number, seed = 1, file = 'train.json') =>
  chooseSubset(SOURCES.train2017, [join(folder, file), join(folder, 'val.json')], { images, seed });
const keysOf = (images: readonly NamedImage[], split?: string) =>
  images.filter((image) => split === undefined || image.split === split).map(({ key }) => key);

test('images to learn from are of train, a tenth each of val, and at least 50', async () => {
  const subset = await train(100);
  expect(countSplits(subset)).toEqual({ train: 100, val: 50, test: 50 });
  expect(new Set(keysOf(subset)).size).toBe(200);
  expect(keysOf(subset, 'train').every((key) => /^train2017\/\d+\.jpg$/.test(key))).toBe(true);
  expect([...keysOf(subset, 'val'), ...keysOf(subset, 'test')].every((key) => /^val2017\//.test(key))).toBe(
    true,
  );
  expect(subset[0]).toMatchObject({ split: 'train', captions: [`image ${subset[0]!.id}`] });
  // Never more than there are.
  const counts = await chooseSubset(
    SOURCES.train2017,
    [join(folder, 'val.json'), join(folder, 'train.json')].map((file) => file),
    { images: 160, seed: 1 },
  );
  expect(countSplits(counts)).toEqual({ train: 160, val: 50, test: 50 });
});

test('the same seed chooses the same images, another seed others', async () => {
  expect(await train(100, 1, 'reversed.json')).toEqual(await train(100));
  const [small, large, other] = [await train(50), await train(100), await train(50, 2)];
  expect(keysOf(large, 'train').slice(0, 50)).toEqual(keysOf(small, 'train'));
  expect(keysOf(other, 'train').sort()).not.toEqual(keysOf(small, 'train').sort());
});

test('more images than there are is a mistake', async () => {
  await expect(train(301)).rejects.toThrow(
    `expected --images to be at most 300, as ${join(folder, 'train.json')} has no more, but got 301`,
  );
});

test('val2017 is split by shares, all of it or so many', async () => {
  const choose = (images?: number) =>
    chooseSubset(SOURCES.val2017, [join(folder, 'val.json')], { images, seed: 1 });
  const all = await choose();
  expect(countSplits(all)).toEqual({ train: 128, val: 16, test: 16 });
  expect(new Set(keysOf(all)).size).toBe(160);
  expect(countSplits(await choose(10))).toEqual({ train: 8, val: 1, test: 1 });
});

test('Karpathy has splits of his own, restval to learn from', async () => {
  const choose = (images?: number) =>
    chooseSubset(SOURCES.karpathy, [join(folder, 'karpathy.json')], { images, seed: 1 });
  expect(countSplits(await choose())).toEqual({ train: 20, val: 10, test: 10 });
  const some = await choose(5);
  expect(countSplits(some)).toEqual({ train: 5, val: 10, test: 10 });
  expect(some[0]!.key).toMatch(/^val2014\/COCO_val2014_\d+\.jpg$/);
});

test('a data set without splits gets some, one with splits keeps its own', () => {
  const images = Array.from({ length: 80 }, (_, i) => ({
    image: `/x/${i}.jpg`,
    key: `${i}.jpg`,
    split: undefined,
    captions: ['a cat'],
  }));
  expect(countSplits(withSplits(images, 1))).toEqual({ train: 60, val: 10, test: 10 });
  expect(withSplits(images, 1)).toEqual(withSplits(images.toReversed(), 1));
  const named = images.map((image, i) => ({ ...image, split: i < 8 ? ('train' as const) : undefined }));
  expect(withSplits(named, 1)).toHaveLength(8);
});

test('what is written is read again', async () => {
  const subset = await train(3);
  await writeImages(join(folder, 'subset.jsonl'), subset);
  expect(await readImages(join(folder, 'subset.jsonl'))).toEqual(subset);
});
