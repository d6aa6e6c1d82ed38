import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { sha256 } from '../../src/files/sha256.ts';
import type { Catalogue } from '../../src/library/catalogue.ts';
import { pull } from '../../src/library/pull.ts';
import { HttpServer } from '../helpers/http-server.ts';

const BYTES = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * i) % 251));
const FILE = 'tiny-7.onnx';
const CATALOGUE: Catalogue = {
  tiny: {
    file: FILE,
    // Nobody is there: only the mirror can have given it.
    url: `https://127.0.0.1:9/zoo/${FILE}`,
    bytes: BYTES.length,
    sha256: sha256(BYTES),
    source: 'made by this test; no licence needed',
  },
};

let root: string;
let folder: string;
let server: HttpServer;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'caption-pull-'));
});
afterAll(() => rm(root, { recursive: true }));
beforeEach(async () => {
  folder = join(await mkdtemp(join(root, 'home-')), 'encoders');
  server = await HttpServer.start();
  server.put(`/mirror/${FILE}`, BYTES);
});
afterEach(() => server.close());

const options = () => ({ catalogue: CATALOGUE, folder, mirror: server.url('/mirror') });

test('the file comes from the mirror, with progress, and is alone in the folder', async () => {
  const seen: (number | undefined)[] = [];
  const pulled = await pull('tiny', {
    ...options(),
    onProgress: (received, total) => seen.push(received, total),
  });
  expect(pulled).toEqual({ path: join(folder, FILE), bytes: BYTES.length, already: false });
  expect(await readFile(pulled.path)).toEqual(BYTES);
  expect(await readdir(folder)).toEqual([FILE]);
  expect(seen.slice(-2)).toEqual([BYTES.length, BYTES.length]);
});

test('the second call asks nobody', async () => {
  await pull('tiny', options());
  expect(await pull('tiny', options())).toMatchObject({ already: true });
  expect(server.requests.length).toBe(1);
});

test('another file in its place is not overwritten', async () => {
  await mkdir(folder);
  await writeFile(join(folder, FILE), 'somebody else’s');
  await expect(pull('tiny', options())).rejects.toThrow(
    `expected ${join(folder, FILE)} to be the file that caption models pull tiny gets but it is another`,
  );
  expect(await readFile(join(folder, FILE), 'utf8')).toBe('somebody else’s');
});

test('wrong bytes never get the name', async () => {
  server.always(`/mirror/${FILE}`, { spoilt: true });
  await expect(pull('tiny', options())).rejects.toThrow(
    new RegExp(`^expected ${FILE} to have the SHA-256 ${sha256(BYTES)} but got [0-9a-f]{64}$`),
  );
  expect(await readdir(folder)).toEqual([]);
});

test('what was interrupted goes on where it stopped', async () => {
  const controller = new AbortController();
  server.first(`/mirror/${FILE}`, { slow: { size: 50_000, pause: 20 } });
  const interrupted = pull('tiny', {
    ...options(),
    signal: controller.signal,
    onProgress: (received) => {
      if (received >= 100_000) controller.abort();
    },
  });
  await expect(interrupted).rejects.toThrow();
  expect(existsSync(join(folder, FILE))).toBe(false);
  expect((await readdir(folder)).length).toBeGreaterThan(0);
  await pull('tiny', options());
  expect(await readFile(join(folder, FILE))).toEqual(BYTES);
  expect(server.requests.at(-1)?.range).toMatch(/^bytes=[1-9]/);
  expect(await readdir(folder)).toEqual([FILE]);
});

test('without a network: where to get it, and where to put it', async () => {
  await expect(pull('tiny', { ...options(), mirror: 'http://127.0.0.1:9' })).rejects.toThrow(
    expect.objectContaining({
      message: expect.stringMatching(/^cannot reach 127\.0\.0\.1:9: /),
      hint: `get https://127.0.0.1:9/zoo/${FILE} on another machine and put it at ${join(folder, FILE)}, or name a mirror with --mirror`,
    }),
  );
});

test('an unknown name lists what can be pulled; a name in the catalogue stays in the folder', async () => {
  await expect(pull('tny', options())).rejects.toThrow(
    expect.objectContaining({
      message: 'expected one of tiny but got tny',
      hint: 'did you mean tiny?',
    }),
  );
  const escaping = { tiny: { ...CATALOGUE.tiny!, file: '../tiny.onnx' } };
  await expect(pull('tiny', { ...options(), catalogue: escaping })).rejects.toThrow(/which leads upwards$/);
});
