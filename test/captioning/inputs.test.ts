import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findImages } from '../../src/captioning/inputs.ts';

let folder: string;
const at = (...names: string[]) => join(folder, ...names);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caption-inputs-'));
  await mkdir(at('album', 'deeper'), { recursive: true });
  await mkdir(at('album', 'folder.jpg'));
  await mkdir(at('nested', 'b', 'c'), { recursive: true });
  const files = ['img10.JPG', 'img2.jpg', 'b.webp', '.hidden.png', 'notes.txt', 'deeper/x.png'];
  for (const name of [...files.map((file) => `album/${file}`), 'nested/b/c/n.jpg', 'a[1].png', 'odd.dat'])
    await writeFile(at(name), '');
  await writeFile(Buffer.from(at('nested', 'b', '\u00e9.png'), 'latin1'), '');
  await symlink('..', at('nested', 'b', 'loop'));
  await symlink('../..', at('nested', 'b', 'other-loop'));
  await symlink('b', at('nested', 'a-link-to-b'));
  await symlink('gone.jpg', at('nested', 'b', 'dangling.jpg'));
  await promisify(execFile)('mkfifo', [at('nested', 'b', 'pipe.jpg')]);
});
afterAll(() => rm(folder, { recursive: true }));

test('a folder stands for the images directly in it, numbers in order', async () => {
  expect(await findImages([at('album')])).toEqual({
    images: [
      { path: at('album', 'b.webp'), within: 'b.webp' },
      { path: at('album', 'img2.jpg'), within: 'img2.jpg' },
      { path: at('album', 'img10.JPG'), within: 'img10.JPG' },
    ],
    problems: [],
    single: false,
  });
});

test('with recursive also for those of the folders within it', async () => {
  const { images } = await findImages([`${at('album')}/`], { recursive: true });
  expect(images.map(({ within }) => within)).toEqual(['b.webp', 'deeper/x.png', 'img2.jpg', 'img10.JPG']);
  for (const { path, within } of images) expect(path).toBe(at('album', within));
  // Hidden folders are left out, but not where they are named.
  await mkdir(at('.cache'));
  await writeFile(at('.cache', 'c.jpg'), '');
  expect((await findImages([folder], { recursive: true })).images.map(({ within }) => within)).not.toContain(
    '.cache/c.jpg',
  );
  expect((await findImages([at('.cache')])).images).toHaveLength(1);
});

test('a file is taken whatever it is called, also where its name looks like a pattern', async () => {
  expect(await findImages([at('odd.dat')])).toMatchObject({
    images: [{ path: at('odd.dat'), within: 'odd.dat' }],
    single: true,
  });
  expect(await findImages([at('a[1].png')])).toMatchObject({
    images: [{ path: at('a[1].png'), within: 'a[1].png' }],
    single: true,
  });
  expect(await findImages(['-'])).toMatchObject({ images: [{ path: '-', within: '-' }], single: true });
});

test('a pattern stands for the images it matches, mirrored below its fixed part', async () => {
  const deep = await findImages([`${folder}/{album,a[[]*}/**/*.png`, `${folder}/*.png`]);
  expect(deep.images).toEqual([
    { path: `${folder}/album/deeper/x.png`, within: 'album/deeper/x.png' },
    { path: `${folder}/a[1].png`, within: 'a[1].png' },
  ]);
  expect(deep.single).toBe(false);
  expect((await findImages([`${folder}/album/*`])).images.map(({ within }) => within)).toEqual([
    'b.webp',
    'img2.jpg',
    'img10.JPG',
  ]);
  // Alternatives that start at different folders are mirrored below the one that holds both.
  expect(
    (await findImages([`${folder}/{album/deeper,nested/b/c}/*`])).images.map(({ within }) => within),
  ).toEqual(['album/deeper/x.png', 'nested/b/c/n.jpg']);
  // Relative to the working folder, and above it.
  const up = await findImages([`${relative(process.cwd(), folder)}/alb*/*.webp`]);
  expect(up.images).toEqual([{ path: relative(process.cwd(), at('album/b.webp')), within: 'album/b.webp' }]);
});

test('a pattern leaves loops and names that are not UTF-8 behind, and nothing else', async () => {
  const { images, problems } = await findImages([`${folder}/nested/**`]);
  expect(images.map(({ within }) => within)).toContain('b/c/n.jpg');
  expect(images.filter(({ within }) => within.endsWith('n.jpg'))).toHaveLength(1);
  expect(images.map(({ within }) => within)).toEqual(
    expect.arrayContaining(['b/dangling.jpg', 'b/pipe.jpg']),
  );
  expect(problems.map(({ input }) => input)).toEqual([`${folder}/nested/b/\uFFFD.png`]);
});

test('links that a pattern spells out are followed', async () => {
  await symlink('album', at('latest'));
  expect((await findImages([`${folder}/lat*/*.webp`])).images).toEqual([
    { path: `${folder}/latest/b.webp`, within: 'latest/b.webp' },
  ]);
});

test('a file that several inputs reach is taken once, at its first place', async () => {
  const { images, single } = await findImages(
    [at('album', 'img2.jpg'), `${folder}/./album/img2.jpg`, at('album'), `${folder}/album/*.webp`],
    { recursive: true },
  );
  expect(images.map(({ within }) => within)).toEqual(['img2.jpg', 'b.webp', 'deeper/x.png', 'img10.JPG']);
  expect(single).toBe(false);
});

test('a file list names files as they are, mirrored without leading up or starting at a root', async () => {
  const list = at('list.txt');
  const entries = [
    './a/b.jpg',
    '/data/x.jpg',
    '../x/a.jpg',
    'a/../../y.jpg',
    '-',
    'no*.jpg',
    './a/b.jpg',
    '/',
    '.',
  ];
  await writeFile(list, `${entries.join('\n')}\n`);
  const above = join(process.cwd(), '..').slice(1);
  const listed = [
    { path: './a/b.jpg', within: 'a/b.jpg' },
    { path: '/data/x.jpg', within: 'data/x.jpg' },
    { path: '../x/a.jpg', within: join(above, 'x/a.jpg') },
    { path: 'a/../../y.jpg', within: join(above, 'y.jpg') },
    // In a list it is a file of that name, not standard input.
    { path: './-', within: '-' },
    { path: 'no*.jpg', within: 'no*.jpg' },
    { path: '/', within: '.' },
    { path: '.', within: '.' },
  ];
  expect(await findImages([], { fileList: list })).toEqual({ images: listed, problems: [], single: false });
  expect(await findImages([at('odd.dat')], { fileList: list })).toEqual({
    images: [{ path: at('odd.dat'), within: 'odd.dat' }, ...listed],
    problems: [],
    single: false,
  });
  await writeFile(list, 'a\nb.jpg\0');
  expect((await findImages([], { fileList: list, nullSeparated: true })).images).toEqual([
    { path: 'a\nb.jpg', within: 'a\nb.jpg' },
  ]);
  await expect(findImages([], { fileList: at('nope') })).rejects.toThrow('expected a file list but');
});

test('inputs that come to nothing are named, the others kept in their order', async () => {
  const { images, problems } = await findImages([
    at('nope.jpg'),
    at('odd.dat'),
    at('album', 'deeper', 'y*.png'),
    '',
    at('gone', '*.png'),
    at('caf\uFFFD.jpg'),
    at('album', 'deeper'),
    'trian',
  ]);
  expect(images.map(({ path }) => path)).toEqual([at('odd.dat'), at('album', 'deeper', 'x.png')]);
  expect(problems.map(({ error }) => error.message)).toEqual([
    `expected an image file but ${at('nope.jpg')} does not exist`,
    `expected images that match ${at('album', 'deeper', 'y*.png')} but found none`,
    'expected the name of an image but got an empty text',
    `expected images that match ${at('gone', '*.png')} but found none`,
    `expected the name of ${at('caf\uFFFD.jpg')} to be UTF-8 but it has other bytes where \uFFFD stands`,
    'expected an image file but trian does not exist',
  ]);
  expect(problems.at(-1)?.error.hint).toBe('caption --help lists the commands');
});

test('standard input is read for one thing', async () => {
  const twice = 'expected - (standard input) once but got it twice';
  await expect(findImages(['-', '-'])).rejects.toThrow(twice);
  await expect(findImages(['-'], { fileList: '-' })).rejects.toThrow(twice);
});

test('a folder without images says where they may be', async () => {
  const hintFor = async (path: string, recursive: boolean) => {
    const { problems } = await findImages([path], { recursive });
    expect(problems.map(({ error }) => error.message)).toEqual([
      `expected images in folder ${path} but found none`,
    ]);
    return problems[0]?.error.hint;
  };
  expect(await hintFor(at('nested'), false)).toBe('--recursive looks into the folders within it');
  expect(await hintFor(at('album', 'folder.jpg'), false)).toMatch(/^files named \.jpg .* are looked at$/);
  expect(await hintFor(at('album', 'folder.jpg'), true)).toMatch(/^files named \.jpg .* are looked at$/);
});
