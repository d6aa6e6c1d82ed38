import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { sortNaturally, walkFolder } from '../../src/captioning/walk.ts';
import type { UserError } from '../../src/errors.ts';

const run = promisify(execFile);
let root: string;
let folder: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'caption-walk-'));
});
// rm of Node.js can't remove paths that are longer than the system takes.
afterAll(() => run('rm', ['-rf', root]));
beforeEach(async () => {
  folder = await mkdtemp(join(root, 'archive-'));
});

async function put(...names: string[]): Promise<void> {
  for (const name of names) {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), '');
  }
}

async function walk(recursive = true) {
  const problems: [string, UserError][] = [];
  const walked = await walkFolder(folder, recursive, (path, error) => problems.push([path, error]));
  return { ...walked, problems };
}

test('images of all folders within, hidden ones and others left out; without recursive only the first level', async () => {
  await put(
    'b.jpg',
    'notes.txt',
    'sub/A.JPEG',
    'sub/deeper/x.png',
    '.git/y.png',
    'sub/.z.png',
    'folder.jpg/f.gif',
  );
  expect(await walk()).toEqual({
    files: ['b.jpg', 'folder.jpg/f.gif', 'sub/A.JPEG', 'sub/deeper/x.png'],
    deeper: false,
    problems: [],
  });
  expect(await walk(false)).toEqual({ files: ['b.jpg'], deeper: true, problems: [] });
});

test('odd names are names', async () => {
  const names = [
    '-rf.jpg',
    'a b.jpg',
    'a\nb.jpg',
    'a\\b.jpg',
    '[1]*.jpg',
    'día/日本.jpg',
    'día/🌈.jpg',
    'e\u0301.jpg',
  ];
  await put(...names);
  const { files, problems } = await walk();
  expect(problems).toEqual([]);
  expect([...files].sort()).toEqual([...names].sort());
});

test('links are followed, no folder is read twice, and its own name wins over that of a link', async () => {
  await put('2024/a.jpg', '2024/deep/b.jpg');
  const outside = await mkdtemp(join(root, 'outside-'));
  await writeFile(join(outside, 'c.jpg'), '');
  const links = {
    '2024/loop': '..',
    '2024/deep/other-loop': '../../2024',
    '0-before-2024': '2024',
    elsewhere: outside,
    'elsewhere-again': outside,
    'picture.jpg': '2024/a.jpg',
    'nowhere.jpg': 'nothing-here.jpg',
    'itself.jpg': 'itself.jpg',
    nowhere: 'nothing-here',
    'named-like-one.jpg': '2024',
  };
  for (const [name, target] of Object.entries(links)) await symlink(target, join(folder, name));
  await symlink(folder, join(outside, 'and-back'));
  expect(await walk()).toEqual({
    files: ['2024/a.jpg', '2024/deep/b.jpg', 'elsewhere/c.jpg', 'itself.jpg', 'nowhere.jpg', 'picture.jpg'],
    deeper: false,
    problems: [],
  });
});

test('a FIFO is kept for whoever reads it', async () => {
  await run('mkfifo', [join(folder, 'pipe.jpg')]);
  expect((await walk()).files).toEqual(['pipe.jpg']);
});

test('a tree deeper than paths can be: what cannot be reached is one problem, the rest goes on', async () => {
  await put('a.jpg', 'z.jpg');
  const step = 'd'.repeat(200);
  // Relative steps, as the whole path is too long for the system.
  const script = `for i in $(seq 25); do mkdir ${step} && cd ${step} && touch x.jpg; done`;
  await run('bash', ['-c', script], { cwd: folder });
  const { files, problems } = await walk();
  expect(files.length).toBeGreaterThan(15);
  expect(files).toEqual(expect.arrayContaining(['a.jpg', 'z.jpg', `${step}/x.jpg`]));
  expect(problems).toHaveLength(1);
  const [path, { message }] = problems[0]!;
  expect(path.startsWith(join(folder, step))).toBe(true);
  expect(message).toMatch(/^cannot read .*d: ENAMETOOLONG/);
});

test('names that are not UTF-8 are problems, for files and for folders', async () => {
  const latin = (name: string) => Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name, 'latin1')]);
  await put('good.jpg', 'real-\uFFFD.jpg');
  await writeFile(latin('caf\u00e9.jpg'), '');
  await writeFile(latin('caf\u00e9.txt'), '');
  await mkdir(latin('\u00e9t\u00e9'));
  const { files, problems } = await walk();
  expect(files).toEqual(['good.jpg', 'real-\uFFFD.jpg']);
  expect(problems.map(([path]) => path).sort()).toEqual([
    join(folder, 'caf\uFFFD.jpg'),
    join(folder, '\uFFFDt\uFFFD'),
  ]);
  for (const [path, error] of problems) {
    expect(error.message).toBe(
      `expected the name of ${path} to be UTF-8 but it has other bytes where \uFFFD stands`,
    );
    expect(error.hint).toContain('rename it');
  }
});

test('a folder that cannot be read at all is an error', async () => {
  folder = join(folder, 'nope');
  await expect(walk()).rejects.toThrow(`cannot read ${folder}: ENOENT`);
});

test('numbers count, cases and accents hardly, and the contents of a folder stay together', () => {
  const inOrder = [
    'A/1.jpg',
    'A/3.jpg',
    'a/2.jpg',
    'a/z.jpg',
    'a-b/c.jpg',
    'A1.jpg',
    'Émile.jpg',
    'emilia.jpg',
    'img2.jpg',
    'img02.png',
    'img10/1.jpg',
    'img10/9.jpg',
    'img10/10.jpg',
    'IMG11.jpg',
    `img${'9'.repeat(19)}.jpg`,
    `img1${'0'.repeat(19)}.jpg`,
    'x/a.jpg',
    'x/b/a.jpg',
    'x/c.jpg',
  ];
  expect(sortNaturally([...inOrder].reverse())).toEqual(inOrder);
});

test('the order does not depend on the order of finding, and folders that differ in case are not mixed', () => {
  const name = fc.stringMatching(/^[aAbé01.-]{1,4}$/);
  const paths = fc.uniqueArray(
    fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/')),
  );
  fc.assert(
    fc.property(paths, fc.infiniteStream(fc.double({ noNaN: true })), (some, keys) => {
      const sorted = sortNaturally(some);
      const shuffled = some.map((path) => [keys.next().value, path] as const).sort(([a], [b]) => a - b);
      expect(sortNaturally(shuffled.map(([, path]) => path))).toEqual(sorted);
      const folders = sorted
        .map((path) => path.split('/')[0])
        .filter((first, i, all) => first !== all[i - 1]);
      expect(new Set(folders).size).toBe(folders.length);
    }),
  );
});
