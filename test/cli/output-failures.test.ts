import { cp, mkdir, mkdtemp, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Outcome } from '../helpers/cli.ts';
import { start } from '../helpers/command.ts';
import { flawsOf, type Growing } from '../helpers/killed-runs.ts';
import { writePhotos } from '../helpers/photo-folder.ts';
import { trainedShapes } from '../helpers/trained-shapes.ts';
import { onChanges, writtenFiles } from '../helpers/written-files.ts';

const { folder: root, shapes, captioning: model } = await trainedShapes();

/** A folder with photographs 1.png, 2.png, ... in `photos`, for a test of its own. */
async function photoFolder(photos = 20): Promise<string> {
  const folder = await mkdtemp(join(root, 'failing-'));
  const names = Array.from({ length: photos }, (_, at) => `photos/${at + 1}.png`);
  await writePhotos(folder, shapes, names);
  return folder;
}

/** Captions the photographs of a folder. */
const run = (folder: string, args: readonly string[], shell?: string) =>
  start([...model, 'photos', ...args], { cwd: folder, shell }).outcome;

/** What the same run writes where nothing stops it. */
async function undisturbed(folder: string, args: readonly string[]) {
  const copy = `${folder}-undisturbed`;
  await cp(folder, copy, { recursive: true });
  expect(await run(copy, args)).toMatchObject({ status: 0 });
  return writtenFiles(copy);
}

/** Files may have so many bytes (a multiple of 512); what does not fit fails as on a full disk. */
const limited = (bytes: number) => `ulimit -f ${bytes / 512}; exec "$@"`;

/** The line that ends a run which was stopped. */
const summary = (done: string, left = '\\d+') =>
  `captioned ${done} photos?( in \\d+ s \\(.*\\))?, ${left} not reached\n`;

const captionedIn = (err: string) => Number(/^captioned (\d+)/m.exec(err)![1]);

test.concurrent('standard output on a full disk', async () => {
  const { status, err } = await run(await photoFolder(), [], 'exec "$@" > /dev/full');
  const sentence =
    'caption: cannot write standard output: ENOSPC: no space left on device, write\nhint: .*\n';
  expect(err).toMatch(new RegExp(`^${sentence}${summary('0', '20')}$`));
  expect(status).toBe(1);
});

test.concurrent('standard output into a file when the disk runs full within the last caption', async () => {
  const lines = (await run(await photoFolder(), ['--format', 'jsonl'])).out.split(/(?<=\n)/);
  const fitting = lines.join('').slice(0, 1024).split('\n').length - 1;
  const folder = await photoFolder(fitting + 1);
  // The system takes a part of the last line, without an error.
  const { status, err } = await run(folder, ['--format', 'jsonl'], `${limited(1024)} > out`);
  const sentence =
    'caption: cannot write standard output: EFBIG: file too large, write\nhint: its last line .*\n';
  expect(err).toMatch(new RegExp(`^${sentence}${summary('\\d+')}$`));
  // Lines that were waiting together are told to have failed together.
  expect(captionedIn(err)).toBeLessThanOrEqual(fitting);
  expect(status).toBe(1);
  expect(await readFile(join(folder, 'out'), 'utf8')).toBe(lines.join('').slice(0, 1024));
});

const DOCUMENTS: readonly Growing[] = [
  { name: 'out.jsonl', tail: '' },
  { name: 'out.json', tail: ']\n' },
  { name: 'out.html', tail: '' },
];

test.concurrent.each(DOCUMENTS)('a document on a disk that runs full: $name', async ({ name, tail }) => {
  const folder = await photoFolder();
  const args = ['--out', name];
  const end = await undisturbed(folder, args);
  const whole = end.get(name)!;
  // More than a page's head, less than its records.
  const room = Math.floor((whole.length * 0.9) / 512) * 512;
  const { status, err } = await run(folder, args, limited(room));
  const sentence = `caption: cannot write ${name}: EFBIG: file too large, write\nhint: .* the same command goes on .*\n`;
  expect(err).toMatch(new RegExp(`^${sentence}${summary('\\d+')}$`));
  expect(status).toBe(1);

  const kept = writtenFiles(folder).get(name)!;
  expect(kept.endsWith(tail)).toBe(true);
  const records = kept.slice(0, kept.length - tail.length);
  expect(records.endsWith('\n') && whole.startsWith(records)).toBe(true);
  expect(captionedIn(err)).toBeGreaterThan(0);

  const again = await run(folder, args);
  expect(again.err).toContain(`skipped ${captionedIn(err)} that`);
  expect(again).toMatchObject({ status: 0, out: '' });
  expect(writtenFiles(folder)).toEqual(end);
});

test.concurrent('sidecars on a disk that runs full', async () => {
  const folder = await photoFolder();
  const args = ['--format', 'txt', '--existing', 'append'];
  const text = `${'word '.repeat(100)}\n`;
  await writeFile(join(folder, 'photos/7.txt'), text);
  const before = writtenFiles(folder);
  const end = await undisturbed(folder, args);
  const { status, err } = await run(folder, args, limited(512));
  const sentence =
    'caption: cannot write photos/7.txt: EFBIG: file too large, write\nhint: .* the same command .*\n';
  expect(err).toMatch(new RegExp(`^${sentence}${summary('\\d+')}$`));
  expect(status).toBe(1);
  const files = writtenFiles(folder);
  expect(flawsOf(files, before, end)).toEqual([]);
  // The old text is there, and no temporary file.
  expect(files.get('photos/7.txt')).toBe(text);
  expect(files.size).toBe(captionedIn(err) + 1);
  expect(await run(folder, args)).toMatchObject({ status: 0 });
  expect(writtenFiles(folder)).toEqual(end);
});

test.concurrent('folders in the place of files, and files in the place of folders', async () => {
  const folder = await photoFolder(3);
  await mkdir(join(folder, 'folder.jsonl'));
  await writeFile(join(folder, 'file'), '');
  const wrong = (line: string) => ({ status: 2, out: '', err: `caption: ${line}\n` });
  const aFile = 'expected folder.jsonl to be a file but got a folder, pipe or device';
  expect(await run(folder, ['--out', 'folder.jsonl'])).toEqual(wrong(aFile));
  const below = "cannot read file/out.csv: ENOTDIR: not a directory, stat 'file/out.csv'";
  expect(await run(folder, ['--out', 'file/out.csv'])).toEqual(wrong(below));
  for (const path of ['file', 'file/deeper']) {
    const aFolder = `expected --output-dir to be a folder but ${path} is a file or below one`;
    expect(await run(folder, ['--format', 'txt', '--output-dir', path])).toEqual(wrong(aFolder));
  }

  await mkdir(join(folder, 'photos/2.txt'));
  const { status, err } = await run(folder, ['--format', 'txt']);
  expect(err).toMatch(
    /^photos\/2\.png: cannot read photos\/2\.txt: expected a file but got a folder.*\ncaptioned 2 photos in .*, 1 failed\n$/,
  );
  expect(status).toBe(1);
  await rmdir(join(folder, 'photos/2.txt'));
  const again = await run(folder, ['--format', 'txt']);
  expect(again).toMatchObject({
    status: 0,
    err: expect.stringMatching(/captioned 1 photo .*, skipped 2 that/),
  });
  expect([...writtenFiles(folder).keys()]).toEqual([
    'file',
    ...[1, 2, 3].map((photo) => `photos/${photo}.txt`),
  ]);
});

test.concurrent('a folder among the sidecars that cannot be made stops the run midway', async () => {
  const folder = await photoFolder(3);
  await writePhotos(folder, shapes, ['photos/4/5.png', 'photos/6.png']);
  await mkdir(join(folder, 'captions'));
  await writeFile(join(folder, 'captions/4'), 'in the way');
  const args = ['--recursive', '--format', 'txt', '--output-dir', 'captions'];
  const { status, err } = await run(folder, args);
  const reason = "ENOTDIR: not a directory, mkdir 'captions/4'\nhint: .* the same command .*\n";
  expect(err).toMatch(
    new RegExp(`^caption: cannot write captions/4/5.txt: ${reason}${summary('[34]', '[12]')}$`),
  );
  expect(status).toBe(1);
  await rm(join(folder, 'captions/4'));
  expect(await run(folder, args)).toMatchObject({ status: 0 });
  expect([...writtenFiles(folder).values()]).toHaveLength(5);
});

/** So many words that a photograph takes some tenths of a second. */
const SLOW = ['--beam', '600', '--min-length', '200', '--max-length', '200'];

const INTERRUPTED = {
  txt: { options: ['--format', 'txt'], grows: undefined },
  jsonl: { options: ['--out', 'out.jsonl'], grows: { name: 'out.jsonl', tail: '' } },
};

/** Starts a run and presses Ctrl-C while the second photograph is in hand: once, or until it is over. */
async function interrupted(
  folder: string,
  args: readonly string[],
  presses: 'once' | 'again',
): Promise<Outcome> {
  const { child, outcome } = start([...model, 'photos', ...args], { cwd: folder });
  const stop = onChanges(folder, async () => {
    stop();
    do {
      await setTimeout(50);
      // Two signals at a time may become one, so that a process which is slow to see the first needs a third.
    } while (child.kill('SIGINT') && presses === 'again');
  });
  return outcome;
}

const captionsIn = (folder: string) => [...writtenFiles(folder).values()].join('').trimEnd().split('\n');

test.concurrent.each(Object.entries(INTERRUPTED))(
  'Ctrl-C: %s',
  async (_, { options, grows }) => {
    const args = [...options, ...SLOW];
    const once = await photoFolder(3);
    const twice = await photoFolder(3);
    const end = await undisturbed(once, args);

    const first = await interrupted(once, args, 'once');
    expect(first.err).toMatch(
      new RegExp(`^${summary('\\d')}interrupted; the same command goes on where it stopped\n$`),
    );
    expect(first).toMatchObject({ status: 130, out: '' });
    const captions = captionsIn(once);
    expect(captions).toHaveLength(captionedIn(first.err));
    expect([...end.values()].join('').split('\n')).toEqual(expect.arrayContaining(captions));

    expect(await interrupted(twice, args, 'again')).toEqual({ status: 130, out: '', err: '' });
    // It didn't wait for the photograph in hand.
    expect(captionsIn(twice)).toHaveLength(1);
    expect(flawsOf(writtenFiles(twice), new Map(), end, grows)).toEqual([]);

    const again = await run(once, args);
    expect(again.err).toContain(`skipped ${captions.length} that`);
    for (const { status } of [again, await run(twice, args)]) expect(status).toBe(0);
    expect(writtenFiles(once)).toEqual(end);
    expect(writtenFiles(twice)).toEqual(end);
  },
  60_000,
);
