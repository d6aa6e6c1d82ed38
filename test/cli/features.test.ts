import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readFeatures } from '../../src/vision/feature-file.ts';
import { caption } from '../helpers/cli.ts';
import { type Shapes, writeShapes } from '../helpers/shapes.ts';

let folder: string;
let shapes: Shapes;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caption-features-'));
  shapes = await writeShapes(join(folder, 'shapes'));
});
afterAll(() => rm(folder, { recursive: true }));

const features = (...args: string[]) =>
  caption(['features', ...args, '--encoder', 'vgg16', '--encoder-file', shapes.network, '--threads', '1'], {
    cwd: folder,
  });

test('a data set is kept under its own names, images under their paths; the same call adds what is missing', async () => {
  const out = join(folder, 'all.npy');
  expect(await features('shapes', '--out', out)).toEqual({
    status: 0,
    out: '',
    err: `${out} holds the features of 24 images, 4096 numbers each\n`,
  });
  const table = await readFeatures(out);
  expect(table.keys).toHaveLength(24);
  expect(table.keys).toContain('images/red-circle-test.png');

  const bytes = await readFile(out);
  expect(await features('shapes/captions.jsonl', '--out', out)).toMatchObject({ status: 0 });
  expect(await readFile(out)).toEqual(bytes);

  const paths = join(folder, 'paths.npy');
  const some = await features('shapes/images/red-*-test.png', '--out', paths);
  expect(some.status).toBe(0);
  const more = await features('shapes/images', '--out', paths, '--batch-size', '5');
  expect(more.err).toBe(`${paths} holds the features of 24 images, 4096 numbers each\n`);
  const keyed = await readFeatures(paths);
  expect(keyed.keys.slice(0, 2)).toEqual([
    'shapes/images/red-circle-test.png',
    'shapes/images/red-square-test.png',
  ]);
  expect(keyed.keys).toHaveLength(24);
  expect(keyed.row('shapes/images/blue-circle-val.png')).toEqual(table.row('images/blue-circle-val.png'));
});

test('images that cannot be read are named and the others kept: status 1', async () => {
  await writeFile(join(folder, 'broken.png'), 'not a picture');
  const out = join(folder, 'some.npy');
  const { status, err } = await features('broken.png', 'nope.png', 'shapes/images', '--out', out);
  expect(status).toBe(1);
  expect(err.split('\n')).toEqual([
    'nope.png: expected an image file but it does not exist',
    'broken.png: cannot read it as an image: Input buffer contains unsupported image format',
    `${out} holds the features of 24 images, 4096 numbers each; 1 image could not be read`,
    '',
  ]);
  expect((await readFeatures(out)).keys).toHaveLength(24);
});

test('wrong calls are one sentence and status 2', async () => {
  const calls: [string[], string | RegExp][] = [
    [['shapes'], "required option '--out <file.npy>' not specified"],
    [['nope', '--out', 'a.npy'], 'expected an image file but nope does not exist'],
    [['-', '--out', 'a.npy'], 'expected image files but got - (standard input), which has no name'],
    [['shapes', '--out', 'a.txt'], 'expected the name of a feature file to end in .npy but got a.txt'],
    [
      ['shapes', 'shapes', '--out', 'a.npy', '--images-dir', '.'],
      'expected --images-dir together with one data set',
    ],
  ];
  const outcomes = await Promise.all(calls.map(([args]) => features(...args)));
  for (const [i, { status, err }] of outcomes.entries()) {
    expect(err).toMatch(calls[i]![1]);
    expect(status).toBe(2);
  }
});
