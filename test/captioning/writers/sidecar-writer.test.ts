import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EXISTING, type Existing } from '../../../src/captioning/writers/existing.ts';
import type { SidecarFormat } from '../../../src/captioning/writers/sidecar-format.ts';
import { sidecarPaths } from '../../../src/captioning/writers/sidecar-paths.ts';
import { SidecarWriter } from '../../../src/captioning/writers/sidecar-writer.ts';
import { txt } from '../../../src/captioning/writers/txt.ts';
import { xmp } from '../../../src/captioning/writers/xmp.ts';
import { InternalError, UserError } from '../../../src/errors.ts';
import { temporaryName } from '../../../src/files/atomic.ts';

let folder: string;
let photo: string;
let sidecar: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caption-sidecars-'));
  photo = join(folder, 'photo.jpg');
  sidecar = join(folder, 'photo.txt');
});
afterEach(() => rm(folder, { recursive: true }));

function writer(existing: Existing = 'skip', format: SidecarFormat = txt): SidecarWriter {
  return new SidecarWriter({ format, paths: new Map([[photo, sidecar]]), existing });
}

const captioned = (text: string, path = photo) => ({
  path,
  source: path,
  captions: [
    { text, logProb: -1 },
    { text: 'second best', logProb: -2 },
  ],
});
const contents = () => readFile(sidecar, 'utf8');

test('the best caption becomes a line', async () => {
  const sidecars = writer();
  expect(await sidecars.has(photo)).toBe(false);
  await sidecars.write(captioned('a  dog\non a beach '));
  await sidecars.close();
  expect(await contents()).toBe('a dog on a beach\n');
  expect(await sidecars.has(photo)).toBe(true);
  expect(await readdir(folder)).toEqual(['photo.txt']);
});

test('only skip leaves a caption alone, and only where there is one', async () => {
  for (const existing of EXISTING) {
    await rm(sidecar, { force: true });
    expect(await writer(existing).has(photo)).toBe(false);
    for (const empty of ['', ' \r\n', '\uFEFF']) {
      await writeFile(sidecar, empty);
      expect(await writer(existing).has(photo)).toBe(false);
    }
    await writeFile(sidecar, 'old');
    expect(await writer(existing).has(photo)).toBe(existing === 'skip');
  }
});

test.each<[Existing, string, string]>([
  ['overwrite', '\uFEFFold\r\ntext\r\n', 'a dog\n'],
  ['append', '\uFEFFold\r\ntext\r\n', 'old text a dog\n'],
  ['prepend', '\uFEFFold\r\ntext\r\n', 'a dog old text\n'],
  ['append', 'not a dog', 'not a dog'],
  ['append', 'anda dog', 'anda dog a dog\n'],
  ['append', 'a dog barks', 'a dog barks a dog\n'],
  ['append', 'a dog', 'a dog'],
  ['prepend', 'a dog barks', 'a dog barks'],
  ['prepend', 'a dogma', 'a dog a dogma\n'],
  ['append', ' ', 'a dog\n'],
  ['skip', ' ', 'a dog\n'],
  // Written by another process after `has` was asked.
  ['skip', 'old', 'old'],
])('%s: %j becomes %j', async (existing, before, after) => {
  await writeFile(sidecar, before);
  await writer(existing).write(captioned('a dog'));
  expect(await contents()).toBe(after);
});

test.each(EXISTING)('%s: the same run a second time changes nothing', async (existing) => {
  for (const format of [txt, xmp]) {
    await writeFile(sidecar, format.write(undefined, 'old'));
    await writer(existing, format).write(captioned('a dog, '));
    const once = await contents();
    await writer(existing, format).write(captioned('a dog, '));
    expect(await contents()).toBe(once);
  }
});

test('a file that holds the caption already is not written again', async () => {
  await writeFile(sidecar, 'old a dog');
  await utimes(sidecar, 1000, 1000);
  await writer('append').write(captioned('a dog'));
  expect((await stat(sidecar)).mtimeMs).toBe(1_000_000);
});

test('an XMP sidecar keeps what else it holds', async () => {
  const before = xmp
    .write(undefined, 'old')
    .replace('rdf:about=""', 'rdf:about="" xmlns:u="urn:x" u:stars="4"');
  await writeFile(sidecar, before);
  await writer('append', xmp).write(captioned('a dog'));
  expect(await contents()).toBe(before.replaceAll('>old<', '>old a dog<'));
  await writeFile(sidecar, '');
  await writer('append', xmp).write(captioned('a dog'));
  expect(await contents()).toBe(xmp.write(undefined, 'a dog'));
});

test.each(EXISTING)('%s: what can not be understood is named and stays', async (existing) => {
  const refused = async (format: SidecarFormat, reason: string) => {
    const attempts = [
      () => writer(existing, format).has(photo),
      () => writer(existing, format).write(captioned('x')),
    ];
    for (const attempt of attempts) {
      const error = await attempt().catch((error: unknown) => error);
      expect(error).toBeInstanceOf(UserError);
      expect((error as UserError).message).toBe(`cannot read ${sidecar}: ${reason}`);
      expect((error as UserError).hint).toBe('the file was left as it is: mend it, or move it away');
    }
  };
  await writeFile(sidecar, '<svg/>');
  await refused(xmp, 'expected XMP but got XML without an element rdf:RDF');
  expect(await contents()).toBe('<svg/>');
  const latin1 = Buffer.from('caf\u00E9', 'latin1');
  await writeFile(sidecar, latin1);
  await refused(txt, 'expected text in UTF-8 but got other bytes');
  expect(await readFile(sidecar)).toEqual(latin1);
  await rm(sidecar);
  await mkdir(sidecar);
  await refused(txt, 'expected a file but got a folder, pipe or device');
});

test('a name that is too long concerns this photograph only', async () => {
  sidecar = join(folder, `${'n'.repeat(252)}.txt`);
  await expect(writer().has(photo)).rejects.toThrow(/^cannot read .*n\.txt: ENAMETOOLONG/);
});

test('what can not be written says so, and what to do', async () => {
  await writeFile(join(folder, 'file'), '');
  sidecar = join(folder, 'file', 'photo.txt');
  expect(await writer().has(photo)).toBe(false);
  const error: UserError = await writer()
    .write(captioned('a dog'))
    .then(() => expect.fail('written'))
    .catch((error) => error);
  expect(error).toBeInstanceOf(UserError);
  expect(error.message).toMatch(/^cannot write .*photo\.txt: (ENOTDIR|EEXIST)/);
  expect(error.hint).toBe('the captions written so far are kept; mend this and give the same command again');
});

test('a caption without words writes nothing', async () => {
  await expect(writer().write(captioned(' '))).rejects.toThrow(
    /^expected a caption for .*photo\.jpg but got one/,
  );
  expect(await readdir(folder)).toEqual([]);
});

test('folders below the output folder are made', async () => {
  sidecar = join(folder, 'out', 'x', 'photo.txt');
  await writer().write(captioned('a dog'));
  expect(await contents()).toBe('a dog\n');
});

test('what a killed run left does no harm and goes away', async () => {
  await writeFile(temporaryName(sidecar), 'half a capt');
  expect(await writer().has(photo)).toBe(false);
  await writer().write(captioned('a dog'));
  expect(await contents()).toBe('a dog\n');
  expect(await readdir(folder)).toEqual(['photo.txt']);
});

test('names as long as names may be', async () => {
  photo = join(folder, `${'é'.repeat(125)}n.jpg`);
  sidecar = sidecarPaths([{ path: photo, within: 'n.jpg' }], {
    extension: '.txt',
    keepImageExtension: false,
    outputDir: undefined,
  }).get(photo)!;
  await writeFile(photo, '');
  await writer().write(captioned('a dog'));
  expect(Buffer.byteLength(sidecar.slice(folder.length + 1))).toBe(255);
  expect(await contents()).toBe('a dog\n');
});

test('a photograph that was not announced is a mistake of ours', async () => {
  await expect(writer().has('other.jpg')).rejects.toThrow(InternalError);
});
