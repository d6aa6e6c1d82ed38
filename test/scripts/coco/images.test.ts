import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, expect, type MockInstance, test, vi } from 'vitest';
import { fetchImage, type ImageFetching } from '../../../scripts/coco/fetch-image.ts';
import { inLocalFolder } from '../../../scripts/coco/local-images.ts';
import { type Missing, tryImages } from '../../../scripts/coco/try-images.ts';
import { HttpServer } from '../../helpers/http-server.ts';

const KEYS = Array.from({ length: 12 }, (_, i) => `train2017/${String(i).padStart(12, '0')}.jpg`);
const NOBODY = new AbortController().signal;

let folder: string;
let server: HttpServer;
let images: Map<string, Uint8Array>;
let stderr: MockInstance<typeof process.stderr.write>;
beforeEach(async () => {
  stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  folder = await mkdtemp(join(tmpdir(), 'caption-coco-images-'));
  server = await HttpServer.start();
  images = new Map();
  for (const [i, key] of KEYS.entries()) {
    const noise = { type: 'gaussian', mean: 128, sigma: 10 + i } as const;
    const picture = sharp({ create: { width: 160, height: 120, channels: 3, background: '#000', noise } });
    images.set(key, await picture.jpeg().toBuffer());
    server.put(`/${key}`, images.get(key)!);
  }
});
afterEach(async () => {
  stderr.mockRestore();
  await server.close();
  await rm(folder, { recursive: true });
});

interface Options extends Partial<ImageFetching> {
  readonly maxMissing?: number;
  readonly interrupt?: AbortSignal;
}

/** Fetches all twelve, four at a time. */
function fetchAll({ maxMissing = 0.5, interrupt = NOBODY, ...options }: Options = {}): Promise<Missing[]> {
  const images = KEYS.map((key) => ({ key }));
  const trying = { verb: 'fetched', atOnce: 4, maxMissing, signal: interrupt };
  return tryImages(images, trying, ({ key }, signal) =>
    fetchImage(key, { server: server.url(''), folder, signal, backoff: () => 1, ...options }),
  );
}

async function filesThere(): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ name }) => `train2017/${name}`)
    .sort();
}

/** The images that were named on standard error. */
const told = () =>
  stderr.mock.calls.map(([text]) => String(text)).filter((text) => text.startsWith('train2017/'));
const path = (i: number) => `/${KEYS[i]}`;

test('a misbehaving server: what can be had is whole, what can not is named', async () => {
  const wrong = Buffer.from('<html>Please log in</html>');
  server.always(path(0), { status: 404 });
  server.first(path(1), { status: 500 }, { status: 503 });
  server.always(path(2), { slow: { size: 1000, pause: 1 } });
  server.first(path(3), { cut: 2000 }, { cut: 500 });
  server.first(path(4), { ranges: false, cut: 3000 });
  server.first(path(5), { lengthOff: 10 });
  server.put(path(6), wrong);
  server.first(path(7), { spoilt: true });
  server.always(path(8), { redirect: path(8) });
  server.always(path(9), { chunked: true });
  server.first(path(10), { stall: 1000 });

  expect(await fetchAll({ idleTimeout: 300 })).toEqual([
    { key: KEYS[0], why: `cannot download ${server.url(path(0))}: the server answers 404 Not Found` },
    { key: KEYS[6], why: expect.stringMatching(/^cannot read train2017\/000000000006.jpg as an image: /) },
    { key: KEYS[8], why: `cannot download ${server.url(path(8))}: it redirects in a circle` },
  ]);
  expect(told()).toHaveLength(3);
  const got = KEYS.filter((_, i) => ![0, 6, 8].includes(i));
  expect(await filesThere()).toEqual(got);
  for (const key of got)
    expect(await readFile(join(folder, key)), key).toEqual(Buffer.from(images.get(key)!));
  // Bytes that are no image are fetched a second time, and no third.
  expect(server.requests.filter((request) => request.path === path(6))).toHaveLength(2);

  server.reset();
  server.put(path(6), images.get(KEYS[6]!)!);
  expect(await fetchAll()).toEqual([]);
  expect(server.requests.map((request) => request.path).sort()).toEqual([path(0), path(6), path(8)]);
  expect(await filesThere()).toEqual(KEYS);
});

test('what an earlier run left without a check is checked, and not fetched again', async () => {
  await mkdir(join(folder, 'train2017'));
  await writeFile(join(folder, `${KEYS[0]}.unchecked`), images.get(KEYS[0]!)!);
  await writeFile(join(folder, `${KEYS[1]}.unchecked`), images.get(KEYS[1]!)!.subarray(0, 2000));
  expect(await fetchAll()).toEqual([]);
  expect(await filesThere()).toEqual(KEYS);
  expect(server.requests.map((request) => request.path).sort()).toEqual(
    KEYS.slice(1).map((key) => `/${key}`),
  );
  expect(await readFile(join(folder, KEYS[1]!))).toEqual(Buffer.from(images.get(KEYS[1]!)!));
});

test('more missing images than may be stop it soon', async () => {
  server.misbehave((path) => (path.endsWith('.jpg') ? { status: 403 } : undefined));
  await expect(fetchAll({ maxMissing: 0.2 })).rejects.toThrow(
    /^expected nearly all of 12 images but 3 of the first [345] could not be had$/,
  );
  expect(server.requests.length).toBeLessThan(9);
  expect(told()).toHaveLength(3);
});

test('where nobody answers it stops at the first image, and keeps the others', async () => {
  await fetchImage(KEYS[0]!, { server: server.url(''), folder });
  const gone = server.url('');
  await server.close();
  await expect(fetchAll({ server: gone })).rejects.toThrow(/^cannot reach 127\.0\.0\.1:\d+: .*ECONNREFUSED/);
  expect(await filesThere()).toEqual(KEYS.slice(0, 1));
  server = await HttpServer.start();
});

test('Ctrl-C stops those that are under way, and nothing is lost', async () => {
  server.misbehave((path, nth) => (nth === 0 && path >= `/${KEYS[6]}` ? { stall: 1500 } : undefined));
  const interrupt = new AbortController();
  const stalled = () => server.requests.filter(({ served }) => served === 1500).length === 4;
  const timer = setInterval(() => stalled() && interrupt.abort(), 5);
  await expect(fetchAll({ interrupt: interrupt.signal })).rejects.toThrow(/abort/);
  clearInterval(timer);
  const whole = (await filesThere()).filter((name) => name.endsWith('.jpg'));
  expect(whole).toEqual(KEYS.slice(0, 6));
  const parts = (await filesThere()).filter((name) => name.endsWith('.part'));
  const begun = (await Promise.all(parts.map((name) => stat(join(folder, name))))).reduce(
    (sum, { size }) => sum + size,
    0,
  );
  expect(begun).toBeGreaterThan(0);
  server.reset();
  expect(await fetchAll()).toEqual([]);
  expect(await filesThere()).toEqual(KEYS);
  const asked = server.requests.map((request) => request.path);
  expect(asked.filter((path) => whole.includes(path.slice(1)))).toEqual([]);
  // The beginnings that had come were continued.
  const all = KEYS.slice(6).reduce((sum, key) => sum + images.get(key)!.length, 0);
  expect(server.served).toBe(all - begun);
});

test('a name that leads out of the folder is refused', async () => {
  await expect(fetchImage('train2017/../../x.jpg', { server: server.url(''), folder })).rejects.toThrow(
    /^expected a file name that stays inside .* which leads upwards$/,
  );
});

test.each([
  ["in COCO's layout", 'train2017/', 'train2017/'],
  ['with images/ in front', 'images/train2017/', 'images/train2017/'],
  ['without folders', '', ''],
])('images on the disk are found %s', async (_, place, found) => {
  const path = join(folder, place, '000000000001.jpg');
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, images.get(KEYS[1]!)!);
  const named = KEYS.slice(0, 2).map((key) => ({ key, split: 'train' as const, captions: ['a cat'] }));
  const keys = (await inLocalFolder(named, folder)).map(({ key }) => key);
  expect(keys).toEqual([`${found}000000000000.jpg`, `${found}000000000001.jpg`]);
});
