import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sidecarPaths } from '../../../src/captioning/writers/sidecar-paths.ts';
import { InternalError, UserError } from '../../../src/errors.ts';

const DEFAULTS = {
  extension: '.txt',
  keepImageExtension: false,
  outputDir: undefined as string | undefined,
};

const beside = (...paths: string[]) => paths.map((path) => ({ path, within: path.split('/').at(-1)! }));
const paths = (images: readonly { path: string; within: string }[], options = {}) =>
  Object.fromEntries(sidecarPaths(images, { ...DEFAULTS, ...options }));

function failure(run: () => unknown): UserError {
  try {
    run();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

test('the last ending of the name makes room for the new one', () => {
  expect(
    paths(beside('photo.jpg', 'd.ir/a.b.JPG', '/x/.jpg', 'd.ir/photo', '-dash .png', 'é\n.png')),
  ).toEqual({
    'photo.jpg': 'photo.txt',
    'd.ir/a.b.JPG': join('d.ir', 'a.b.txt'),
    '/x/.jpg': join('/x', '.jpg.txt'),
    'd.ir/photo': join('d.ir', 'photo.txt'),
    '-dash .png': '-dash .txt',
    'é\n.png': 'é\n.txt',
  });
});

test('the ending of the image may stay, and the new one may be another', () => {
  const options = { keepImageExtension: true, extension: '.caption' };
  expect(paths(beside('d/photo.jpg', 'd/photo.png', 'd/photo'), options)).toEqual({
    'd/photo.jpg': join('d', 'photo.jpg.caption'),
    'd/photo.png': join('d', 'photo.png.caption'),
    'd/photo': join('d', 'photo.caption'),
  });
});

test('an output folder mirrors the tree', () => {
  const images = [
    { path: '/in/album/a.jpg', within: 'a.jpg' },
    { path: '/in/album/x/y/a.jpg', within: 'x/y/a.jpg' },
    { path: '/in/album/..odd/a.jpg', within: '..odd/a.jpg' },
  ];
  expect(paths(images, { outputDir: 'out' })).toEqual({
    '/in/album/a.jpg': join('out', 'a.txt'),
    '/in/album/x/y/a.jpg': join('out', 'x', 'y', 'a.txt'),
    '/in/album/..odd/a.jpg': join('out', '..odd', 'a.txt'),
  });
});

test.each(['../a.jpg', 'x/../../a.jpg', '/etc/a.jpg', ''])(
  'no sidecar leaves the output folder: %s',
  (within) => {
    expect(() => paths([{ path: 'a.jpg', within }], { outputDir: 'out' })).toThrow(InternalError);
  },
);

test('images of one folder that differ in their ending only', () => {
  const error = failure(() => paths(beside('d/a.jpg', 'd/b.jpg', 'd/a.png')));
  expect(error.message).toBe(
    `expected a sidecar file for each image but d/a.jpg and d/a.png would share ${join('d', 'a.txt')}`,
  );
  expect(error.hint).toBe('--keep-image-extension writes a.jpg.txt and a.png.txt');
});

test('how many more there are', () => {
  const more = (count: number) =>
    failure(() => paths(beside('a.jpg', ...Array.from({ length: count + 1 }, (_, i) => `a.x${i}`)))).message;
  expect(more(1)).toMatch(/a\.jpg and a\.x0 would share a\.txt \(and 1 more image shares one\)$/);
  expect(more(3)).toMatch(/ \(and 3 more images share one\)$/);
});

test('images of different folders that would meet in the output folder', () => {
  const images = [
    { path: 'p/a.jpg', within: 'a.jpg' },
    { path: 'q/a.jpg', within: 'a.jpg' },
  ];
  expect(paths(images)).toEqual({ 'p/a.jpg': join('p', 'a.txt'), 'q/a.jpg': join('q', 'a.txt') });
  for (const keepImageExtension of [false, true]) {
    const error = failure(() => paths(images, { outputDir: 'out', keepImageExtension }));
    expect(error.message).toMatch(/but p\/a\.jpg and q\/a\.jpg would share out.a\.(jpg\.)?txt$/);
    expect(error.hint).toBe('caption them in separate calls, each with an --output-dir of its own');
  }
});

test('names that are the same on some disks', () => {
  for (const [one, two] of [
    ['A.jpg', 'a.png'],
    ['caf\u00E9.jpg', 'cafe\u0301.png'],
    ['a.jpg', 'a.JPG'],
  ] as const) {
    const error = failure(() => paths(beside(one, two)));
    expect(error.message).toContain(`${one} and ${two} would share`);
    expect(error.hint).toMatch(/^--keep-image-extension/);
    expect(Object.keys(paths(beside(one, two), { keepImageExtension: true }))).toHaveLength(2);
  }
  // Where both of these are, there can be both of those.
  expect(paths(beside('A.jpg', 'a.jpg'))).toEqual({ 'A.jpg': 'A.txt', 'a.jpg': 'a.txt' });
  const error = failure(() => paths(beside('A.jpg', 'a.jpg'), { outputDir: 'out' }));
  expect(error.hint).toMatch(/^caption them in separate calls/);
});

test('an image that comes twice shares with nobody', () => {
  expect(paths(beside('a.jpg', './a.jpg', 'a.jpg'))).toEqual({ 'a.jpg': 'a.txt', './a.jpg': 'a.txt' });
});

test('a sidecar never takes the place of an image', () => {
  const error = failure(() => paths(beside('a.jpg', 'b.jpg', './b.txt')));
  expect(error.message).toBe('expected a new name for the sidecar of b.jpg but b.txt is an image itself');
  expect(failure(() => paths(beside('photo.txt'))).message).toContain('but photo.txt is an image itself');
});

test.each(['', 'txt', '.', '..', '.a/b', '.a\\b', '.x.', '.a\0'])('no ending: %j', (extension) => {
  expect(failure(() => paths(beside('a.jpg'), { extension })).message).toMatch(
    /^expected --extension to be a dot and letters, like \.txt, but got /,
  );
});

test.each(['.jpg', '.PNG', '.small.jpg'])('an ending of images: %s', (extension) => {
  expect(failure(() => paths(beside('a.gif'), { extension })).message).toBe(
    `expected --extension to be an ending for text but got ${extension}`,
  );
});

test('standard input has no place', () => {
  expect(failure(() => paths(beside('a.jpg', '-'))).message).toBe(
    'expected image files but got - (standard input), which has no sidecar file',
  );
});
