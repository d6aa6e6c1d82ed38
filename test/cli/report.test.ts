import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { captionWithin } from '../helpers/cli.ts';
import { runRecord, watchedPhoto } from '../helpers/run-record.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'report-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function writeRun(name: string, record = runRecord({ name })): Promise<void> {
  await mkdir(join(folder, name), { recursive: true });
  await writeFile(join(folder, name, 'run.json'), JSON.stringify(record));
}

const report = (...args: string[]) => captionWithin(['report', ...args], { cwd: folder });
const read = (name: string) => readFile(join(folder, name), 'utf8');

test('one run: a page in its folder, with the photographs that are still there', async () => {
  const there = join(folder, 'there.png');
  const picture = sharp({ create: { width: 900, height: 600, channels: 3, background: '#3366cc' } });
  await writeFile(there, await picture.png().toBuffer());
  const photos = [
    watchedPhoto('there.png', ['a dog'], ['A dog .'], there),
    watchedPhoto('gone.png', ['a cat'], ['A cat .'], join(folder, 'gone.png')),
  ];
  await writeRun('run', runRecord({ name: 'my run', photos }));
  expect(await report('run')).toEqual({ status: 0, out: 'run/report.html\n', err: '' });
  const page = await read('run/report.html');
  expect(page).toContain('<title>my run</title>');
  expect(page.match(/<img alt="" src="data:image\/webp;base64,[\w+/=]+">/g)).toHaveLength(1);
  expect(page).toContain('<div class="gone">gone.png</div>');
});

test('a report is written again over an older one, by folder or file', async () => {
  await writeRun('run');
  await report('run');
  await writeRun('run', runRecord({ name: 'later' }));
  expect(await report('run/run.json')).toMatchObject({ status: 0, out: 'run/report.html\n' });
  expect(await read('run/report.html')).toContain('<title>later</title>');
});

test('several runs: a page in the current folder, under names that differ', async () => {
  await writeRun('a/lstm');
  await writeRun('b/lstm', runRecord({ epochs: 4 }));
  await writeRun('gru');
  expect(await report('a/lstm', 'b/lstm', 'gru/', 'gru')).toMatchObject({ status: 0, out: 'report.html\n' });
  const page = await read('report.html');
  expect(page).toContain('<title>3 trainings</title>');
  for (const label of ['a/lstm', 'b/lstm', 'gru']) expect(page).toContain(`</i>${label}</th>`);
});

test('a file that is no report of ours stays as it is', async () => {
  await writeRun('run');
  await writeFile(join(folder, 'mine.html'), '<title>my page</title>');
  const { status, err } = await report('run', '--out', 'mine.html');
  expect(status).toBe(2);
  expect(err).toBe(
    'caption: expected --out to be a new file or an older page of caption report but mine.html is something else\nhint: name another file, or remove that one\n',
  );
  expect(await read('mine.html')).toBe('<title>my page</title>');
  expect(await report('run', '--out', 'run')).toMatchObject({
    status: 2,
    err: expect.stringContaining('expected --out to be a file but run is a folder'),
  });
});

test('what is no run is named, and nothing is written', async () => {
  await writeRun('run');
  await mkdir(join(folder, 'empty'));
  expect(await report('run', 'empty')).toEqual({
    status: 2,
    out: '',
    err: 'caption: expected empty to hold run.json of a training but it has none\nhint: name the folder that was --out of caption train\n',
  });
  expect(await report('rum')).toMatchObject({
    status: 2,
    err: 'caption: expected the folder of a training but rum does not exist\n',
  });
  expect(await report()).toMatchObject({
    status: 2,
    err: expect.stringContaining("missing required argument 'runs'"),
  });
  await expect(read('report.html')).rejects.toThrow('ENOENT');
});
