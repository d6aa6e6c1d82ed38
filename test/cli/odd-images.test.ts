import type { ChildProcess } from 'node:child_process';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { run } from '../../src/cli/run.ts';
import { caption, outputOf } from '../helpers/cli.ts';
import { writeUnreadable } from '../helpers/odd-images/unreadable.ts';
import { writeOddImages } from '../helpers/odd-images.ts';
import { trainedShapes } from '../helpers/trained-shapes.ts';

const { folder, shapes, captioning: model } = await trainedShapes();

const UNPRIVILEGED_OPEN = new URL('../helpers/odd-images/unprivileged-open.mjs', import.meta.url).href;

/** Not among the images of a folder. */
const FOLDERS = ['directory.jpg', 'album.jpg'];
const NOT_UTF8 = 'latin-\uFFFD.jpg';

/** Characters that would break a line, or play tricks on a terminal, as they are shown. */
const ESCAPED: Readonly<Record<string, string>> = {
  '\n': '\\n',
  '\t': '\\t',
  '\u0007': '\\u0007',
  '\u001b': '\\u001b',
};

/** A file of the folder as the command names it in its output. */
const shown = (name: string) => `odd/${Array.from(name, (char) => ESCAPED[char] ?? char).join('')}`;

const linesOf = (text: string) => text.split('\n').filter((line) => line !== '');

test('a folder of them: a caption for each picture, one line for each that is none, status 1, no hanging', async () => {
  await mkdir(join(folder, 'odd'));
  const odd = join(folder, 'odd');
  // Files read while `unreadable.jpg` is opened are opened by that user as well.
  await chmod(folder, 0o755);
  const images = [...(await writeOddImages(odd)), await writeUnreadable(odd)];
  let child: ChildProcess | undefined;
  onTestFinished(() => void child?.kill('SIGKILL'));
  const { status, out, err } = await caption([...model, 'odd'], {
    cwd: folder,
    env: { NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --import ${UNPRIVILEGED_OPEN}` },
    onText: (_, started) => {
      child = started;
    },
  });
  expect(status).toBe(1);

  const pictures = images.filter(({ outcome }) => 'looks' in outcome);
  const captions = linesOf(out).map((line) => line.split('\t'));
  expect(captions.map(([name]) => name).sort()).toEqual(pictures.map(({ file }) => shown(file)).sort());
  for (const [, text] of captions) expect(text).toMatch(/^[a-z]+( [a-z]+)*$/);
  // One picture under many names, and turned in many ways.
  const named = new Map(captions.map(([name, text]) => [name!, text!]));
  const same = pictures.filter(({ kind }) => /^(name|EXIF orientation) /.test(kind));
  expect(same.length).toBeGreaterThan(20);
  expect(new Set(same.map(({ file }) => named.get(shown(file)))).size).toBe(1);

  const refused = images.flatMap(({ file, outcome }) => {
    // A folder with the name of an image is a folder.
    if ('looks' in outcome || FOLDERS.includes(file)) return [];
    // The command finds out already when it lists the folder.
    const error = file === NOT_UTF8 ? expect.stringContaining('UTF-8') : `${shown(file)}: ${outcome.error}`;
    return [{ file: shown(file), error }];
  });
  const lines = linesOf(err).filter((line) => line.startsWith('odd/'));
  const said = lines.map((line) => ({ file: line.slice(0, line.indexOf(': ')), error: line }));
  const byFile = (a: { file: string }, b: { file: string }) => (a.file < b.file ? -1 : 1);
  expect(said.sort(byFile)).toEqual(refused.sort(byFile));
  expect(err).not.toMatch(/\n +at |internal:/);
}, 20_000);

test('images that are deleted or replaced while those before them are captioned', async () => {
  const [first, second] = shapes.pictures;
  const changing = join(folder, 'changing');
  await mkdir(changing);
  const at = (name: string) => join(changing, name);
  await writeFile(at('0.jpg'), 'not a picture');
  // More than are read ahead.
  const before = Array.from({ length: 60 }, (_, i) => at(`${i + 1}.png`));
  for (const path of before) await copyFile(first!.path, path);
  for (const name of ['deleted.png', 'other.png', 'shorter.png']) await copyFile(first!.path, at(name));

  let changed = false;
  const whole = readFileSync(first!.path);
  const { out, err } = await outputOf(
    () => run([...model, changing]),
    (text) => {
      if (changed || !text.includes('0.jpg')) return;
      changed = true;
      rmSync(at('deleted.png'));
      copyFileSync(second!.path, at('other.png'));
      writeFileSync(at('shorter.png'), whole.subarray(0, whole.length / 2));
    },
  );
  const status = process.exitCode;
  process.exitCode = undefined;
  expect(status).toBe(1);
  const captions = before.map((path) => `${path}\t${first!.caption}`);
  expect(linesOf(out)).toEqual([...captions, `${at('other.png')}\t${second!.caption}`]);
  const lines = linesOf(err).filter((line) => line.startsWith(changing));
  expect(lines).toEqual([
    `${at('0.jpg')}: cannot read it as an image: Input buffer contains unsupported image format`,
    `${at('deleted.png')}: expected an image file but it does not exist`,
    `${at('shorter.png')}: cannot read it as an image: it is damaged, cut short or of an unusual kind`,
  ]);
});
