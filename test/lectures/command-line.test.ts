import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { page } from '../../scripts/lectures/parts/page.ts';
import { startScript } from '../helpers/script.ts';

test('where a page can not be written is known before the work', () => {
  const read = page.reader('--out');
  const folder = mkdtempSync(join(tmpdir(), 'caption-page-'));
  try {
    const file = join(folder, 'page.html');
    expect(read(file)).toBe(file);
    expect(() => read(join(folder, 'none', 'page.html'))).toThrow(/^cannot write .*page.html: ENOENT/);
    expect(() => read(folder)).toThrow(`expected --out to be a file but got the folder ${folder}`);
    expect(() => read('')).toThrow('expected --out to be a file but got nothing');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a value that begins with a dash gets a hint how to write it', async () => {
  const { status, err } = await startScript('lectures/gradient-flow', ['--seed', '-1']).outcome;
  expect(status).toBe(2);
  expect(err).toBe(
    'gradient-flow: expected a value of --seed but got -1, which looks like an option\n' +
      'hint: a value that begins with a dash is written --seed=-1\n',
  );
});
