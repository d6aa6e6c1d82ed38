import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findAnnotations, getAnnotations } from '../../../scripts/coco/annotations.ts';
import type { Archive } from '../../../scripts/coco/sources.ts';
import { UserError } from '../../../src/errors.ts';
import { sha256 } from '../../../src/files/sha256.ts';
import { HttpServer } from '../../helpers/http-server.ts';
import { zipOf } from '../../helpers/zip-file.ts';

const TRAIN = JSON.stringify({ images: Array.from({ length: 5000 }, (_, id) => ({ id })) });
const ZIP = zipOf({
  'annotations/instances_train2017.json': 'not wanted',
  'annotations/captions_train2017.json': TRAIN,
  'annotations/captions_val2017.json': '{}',
});

let folder: string;
let server: HttpServer;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caption-annotations-'));
  server = await HttpServer.start();
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

/** The archive as the server has it. */
function served(zip: Uint8Array): Archive {
  server.put('/all.zip', zip);
  return {
    url: 'https://example.org/coco/all.zip',
    bytes: zip.length,
    sha256: sha256(zip),
    files: ['captions_train2017.json', 'captions_val2017.json'],
    unpacked: 1e5,
  };
}

const get = (archive: Archive) =>
  getAnnotations(archive, folder, { server: server.url('/'), backoff: () => 1 });

test('only the captions are unpacked, once, from an archive that came in pieces', async () => {
  const archive = served(ZIP);
  server.first('/all.zip', { cut: 1000 }, { status: 500 }, { cut: 100 });
  await get(archive);
  const kept = ['all.zip.sha256', 'captions_train2017.json', 'captions_val2017.json'];
  expect((await readdir(folder)).sort()).toEqual(kept);
  expect(await readFile(join(folder, 'captions_train2017.json'), 'utf8')).toBe(TRAIN);
  expect(server.served).toBe(ZIP.length + '<h1>500</h1>'.length);
  server.reset();
  await get(archive);
  expect(server.requests).toEqual([]);
});

test('what was killed while unpacking is unpacked again, without being fetched', async () => {
  const archive = served(ZIP);
  await writeFile(join(folder, 'all.zip'), ZIP);
  await writeFile(join(folder, 'captions_val2017.json'), '{"half');
  await get(archive);
  expect(server.requests).toEqual([]);
  expect(await readFile(join(folder, 'captions_val2017.json'), 'utf8')).toBe('{}');
});

test('the captions of another archive are not taken for these', async () => {
  await get(served(ZIP));
  const other = served(zipOf({ 'captions_train2017.json': '{}' }));
  await expect(get(other)).rejects.toThrow(
    `expected ${folder} to hold the captions of the archive ${other.sha256} but got those of ${sha256(ZIP)}`,
  );
});

test.each([
  ['is no zip file', Buffer.from('<html>'), /^cannot unpack .*all\.zip: .*end of central directory/i],
  [
    'lacks a file',
    zipOf({ 'captions_train2017.json': '{}' }),
    /^expected captions_val2017\.json in .*all\.zip but got none$/,
  ],
])('an archive that %s is told', async (_, zip, message) => {
  const error = await get(served(zip)).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UserError);
  expect((error as UserError).message).toMatch(message);
});

test('annotations on the disk are found, in their folder and without the year', async () => {
  await writeFile(join(folder, 'captions_train.json'), '{}');
  const names = ['captions_train2017.json'];
  expect(findAnnotations(folder, names)).toEqual([join(folder, 'captions_train.json')]);
  expect(() => findAnnotations(folder, ['captions_val2017.json'])).toThrow(
    `expected captions_val2017.json in ${folder} but there is none`,
  );
});
