import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { expectPageTarget } from '../../src/report/page-target.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'target-'));
  await mkdir(join(folder, 'sub'));
  await symlink(join(folder, 'sub'), join(folder, 'link'));
  await writeFile(join(folder, 'ours.html'), '<!doctype html>\n<meta name="generator" content="a tool">\n');
  await writeFile(
    join(folder, 'theirs.html'),
    '<!doctype html>\n<meta name="generator" content="a tool of theirs">\n',
  );
  await writeFile(join(folder, 'empty.html'), '');
});
afterAll(() => rm(folder, { recursive: true }));

const check = (name: string, other?: string) =>
  expectPageTarget(join(folder, name), {
    option: '--html',
    generator: 'a tool',
    other: other === undefined ? undefined : { option: '--out', path: other },
  });

it('takes a new file, an empty one and an older page, and leaves all as it was', async () => {
  const before = await readdir(folder);
  const page = await readFile(join(folder, 'ours.html'), 'utf8');
  for (const name of ['new.html', 'sub/new.html', 'ours.html', 'empty.html'])
    await check(name, join(folder, 'b'));
  expect(await readdir(folder)).toEqual(before);
  expect(await readdir(join(folder, 'sub'))).toEqual([]);
  expect(await readFile(join(folder, 'ours.html'), 'utf8')).toBe(page);
});

it('refuses what can not be a page afterwards', async () => {
  const cases: [string, RegExp][] = [
    ['gone/new.html', /^expected --html to be a file in an existing folder but .*gone does not exist$/],
    ['ours.html/new.html', /^expected --html to be a file in an existing folder but .*ours\.html is a file$/],
    ['sub', /^expected --html to be a file but .*sub is a folder$/],
    ['new/', /^expected --html to be a file but got .*new\/$/],
    [
      'theirs.html',
      /^expected --html to be a new file or an older page of a tool but .*theirs\.html is something else$/,
    ],
    [`${'n'.repeat(300)}.html`, /^cannot write .*ENAMETOOLONG/],
  ];
  for (const [name, message] of cases) {
    const error: unknown = await check(name).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).message).toMatch(message);
  }
  const nothing = expectPageTarget('', { option: '--html', generator: 'a tool' });
  await expect(nothing).rejects.toThrow(/^expected --html to be a file but got nothing$/);
});

it.runIf(process.platform === 'linux')('refuses a folder that takes no files', async () => {
  const target = expectPageTarget('/proc/new.html', { option: '--html', generator: 'a tool' });
  await expect(target).rejects.toThrow(/^cannot write \/proc\/new\.html: /);
});

it('refuses the file of another option, however it is called', async () => {
  const both = /^expected --html and --out to be two files but got .* for both$/;
  const called = [
    join(folder, 'sub/new.html'),
    relative('.', join(folder, 'sub/new.html')),
    join(folder, 'link/new.html'),
  ];
  for (const other of called) await expect(check('sub/new.html', other)).rejects.toThrow(both);
  await expect(check('ours.html', join(folder, 'sub/../ours.html'))).rejects.toThrow(both);
});
