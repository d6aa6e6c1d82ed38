import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findImages } from '../../src/captioning/inputs.ts';

let folder: string;
const at = (...names: string[]) => join(folder, ...names);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caption-inputs-'));
  await mkdir(at('album', 'deeper'), { recursive: true });
  await mkdir(at('album', 'folder.jpg'));
  const files = ['img10.JPG', 'img2.jpg', 'b.webp', '.hidden.png', 'notes.txt', 'deeper/x.png'];
  for (const name of [...files.map((file) => `album/${file}`), 'a[1].png', 'odd.dat'])
    await writeFile(at(name), '');
});
afterAll(() => rm(folder, { recursive: true }));

test('a folder stands for the images directly in it, numbers in order', async () => {
  expect(await findImages([at('album')])).toEqual({
    images: [
      { path: at('album', 'b.webp'), place: 0 },
      { path: at('album', 'img2.jpg'), place: 1 },
      { path: at('album', 'img10.JPG'), place: 2 },
    ],
    problems: [],
    single: false,
  });
});

test('a file is taken whatever it is called, also where its name looks like a pattern', async () => {
  expect(await findImages([at('odd.dat')])).toMatchObject({
    images: [{ path: at('odd.dat') }],
    single: true,
  });
  expect(await findImages([at('a[1].png')])).toMatchObject({
    images: [{ path: at('a[1].png') }],
    single: true,
  });
  expect(await findImages(['-'])).toMatchObject({ images: [{ path: '-' }], single: true });
});

test('a pattern stands for the images it matches', async () => {
  const deep = await findImages([`${folder}/**/*.png`]);
  expect(deep.images.map(({ path }) => path)).toEqual([`${folder}/a[1].png`, `${folder}/album/deeper/x.png`]);
  expect(deep.single).toBe(false);
  expect((await findImages([`${folder}/album/*`])).images).toHaveLength(3);
});

test('inputs that come to nothing are named, the others kept in their order', async () => {
  const { images, problems } = await findImages([
    at('nope.jpg'),
    at('odd.dat'),
    at('album', 'deeper', 'y*.png'),
    '',
    at('album', 'deeper'),
  ]);
  // What is missing keeps its place, so that the others don't move when it comes back.
  expect(images).toEqual([
    { path: at('odd.dat'), place: 1 },
    { path: at('album', 'deeper', 'x.png'), place: 4 },
  ]);
  expect(problems.map(({ error }) => error.message)).toEqual([
    `expected an image file but ${at('nope.jpg')} does not exist`,
    `expected images that match ${at('album', 'deeper', 'y*.png')} but found none`,
    'expected the name of an image but got an empty text',
  ]);
  await expect(findImages(['-', '-'])).rejects.toThrow('expected - (standard input) once but got it twice');
});
