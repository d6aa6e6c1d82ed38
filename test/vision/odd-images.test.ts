import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Preprocessing } from '../../src/vision/definition.ts';
import { readImageBytes } from '../../src/vision/image-bytes.ts';
import { type DecodedImage, decodeImage, readPixels, thumbnail } from '../../src/vision/pixels.ts';
import { GREEN, jpeg, type OddImage, picture, RED } from '../helpers/odd-images/odd-image.ts';
import { withoutPrivileges, writeUnreadable } from '../helpers/odd-images/unreadable.ts';
import { writeOddImages } from '../helpers/odd-images.ts';

/** Shorter side that the network asks for; pictures twice as large are brought down while they are decoded. */
const ENOUGH = 224;
const CROP: Preprocessing = {
  resize: { kind: 'crop', shortSide: 256 },
  size: ENOUGH,
  channels: 'RGB',
  scale: 1,
  mean: [0, 0, 0],
  std: [1, 1, 1],
};

let folder: string;
let images: readonly OddImage[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caption-odd-'));
  images = await writeOddImages(folder);
});
afterAll(() => rm(folder, { recursive: true }));

/** The sentence that refuses an image, with `it` for its path. */
async function refusal(reading: Promise<unknown>, path: string): Promise<string> {
  const error = await reading.then(
    () => new Error(`${path} was read`),
    (error: Error) => error,
  );
  expect(error, error.stack).toHaveProperty('name', 'UserError');
  return error.message.replace(path, 'it');
}

/** Colours in the middle of the quarters. */
function quarters({ data, width, height }: DecodedImage): number[][] {
  return [0.25, 0.75].flatMap((y) =>
    [0.25, 0.75].map((x) => {
      const at = (Math.floor(y * height) * width + Math.floor(x * width)) * 3;
      return [...data.subarray(at, at + 3)];
    }),
  );
}

test('there are at least 30 kinds of them, each in a file of its own', async () => {
  expect(new Set(images.map(({ kind }) => kind)).size).toBeGreaterThan(100);
  expect((await readdir(folder)).sort()).toEqual(images.map(({ file }) => file).sort());
});

test('each is the upright picture that it should be, or refused in one sentence, all under way at once', async () => {
  const check = async ({ file, kind, outcome }: OddImage) => {
    const path = join(folder, file);
    if ('error' in outcome) {
      expect(await refusal(decodeImage(path, ENOUGH), path), kind).toBe(outcome.error);
      return;
    }
    const { looks } = outcome;
    const image = await decodeImage(path, ENOUGH);
    expect([image.width, image.height], kind).toEqual([looks.width, looks.height]);
    for (const [i, colour] of quarters(image).entries()) {
      const off = colour.map((value, c) => Math.abs(value - looks.quarters[i]![c]!));
      expect(Math.max(...off), `quarter ${i} of ${kind} is ${colour}`).toBeLessThanOrEqual(looks.tolerance);
    }
  };
  await Promise.all(images.map(check));
});

test('what can be captioned can also be cropped and shown small, and nothing else can', async () => {
  for (const { file, kind, outcome } of images) {
    const path = join(folder, file);
    if ('error' in outcome) {
      expect(await refusal(thumbnail(path, 64), path), kind).toBe(outcome.error);
      continue;
    }
    expect((await readPixels(path, CROP)).length, kind).toBe(3 * ENOUGH * ENOUGH);
    const small = await decodeImage(await thumbnail(path, 64), ENOUGH);
    expect(Math.max(small.width, small.height), kind).toBeLessThanOrEqual(64);
  }
});

test('the middle of a strip is cropped', async () => {
  const strip = picture([RED, GREEN, RED, GREEN], 3000, 16);
  const [left, right] = [0, 223].map((x) => x + 100 * ENOUGH);
  const seen = await readPixels(await strip.png().toBuffer(), CROP);
  const colour = (at: number) => [0, 1, 2].map((c) => seen[c * ENOUGH * ENOUGH + at]);
  expect([left, right].map((at) => colour(at!))).toEqual([RED, GREEN]);
});

test('30,000x30,000 pixels are refused before there is memory for them', async () => {
  const script = `
    import { decodeImage } from '${new URL('../../src/vision/pixels.ts', import.meta.url)}';
    const peaks = [];
    for (const path of process.argv.slice(1)) {
      const refusal = await decodeImage(path, ${ENOUGH}).catch((error) => error.message);
      peaks.push({ refusal, kilobytes: process.resourceUsage().maxRSS });
    }
    console.log(JSON.stringify(peaks));`;
  const files = ['one.png', 'huge.png', 'huge-interlaced.png', 'huge.svg', 'claims.jpg'];
  const paths = files.map((file) => join(folder, file));
  const tsx = ['--import', import.meta.resolve('tsx'), '--input-type=module', '--eval', script];
  const { stdout } = await promisify(execFile)(process.execPath, [...tsx, '--', ...paths]);
  const [before, ...after] = JSON.parse(stdout);
  for (const { refusal, kilobytes } of after) {
    expect(refusal).toMatch(/exceeds pixel limit/);
    // The pixels of one of them would take 900 MB at the least.
    expect(kilobytes - before.kilobytes).toBeLessThan(64 * 1024);
  }
});

test('permissions', async () => {
  const closed = await mkdtemp(join(tmpdir(), 'caption-closed-'));
  try {
    await chmod(closed, 0o755);
    const { file, outcome } = await writeUnreadable(closed);
    const [path, open] = [join(closed, file), join(closed, 'open.jpg')];
    await writeFile(open, await jpeg());
    await withoutPrivileges(async () => {
      expect({ error: await refusal(readImageBytes(path), path) }).toEqual(outcome);
      expect((await readImageBytes(open)).length).toBeGreaterThan(0);
    });
    await chmod(closed, 0);
    await withoutPrivileges(async () => {
      expect(await refusal(readImageBytes(open), open)).toBe('cannot read it: permission denied');
    });
  } finally {
    await chmod(closed, 0o755);
    await rm(closed, { recursive: true });
  }
});

test('files that change between listing and reading', async () => {
  const place = await mkdtemp(join(tmpdir(), 'caption-changing-'));
  try {
    const path = join(place, 'photo.jpg');
    const bytes = await jpeg();
    await writeFile(path, bytes);
    const [listed] = await readdir(place);
    expect(join(place, listed!)).toBe(path);

    await writeFile(path, bytes.subarray(0, bytes.length - 100));
    expect(await refusal(decodeImage(path, ENOUGH), path)).toBe(
      'cannot read it as an image: it is damaged, cut short or of an unusual kind',
    );
    await rm(path);
    expect(await refusal(decodeImage(path, ENOUGH), path)).toBe(
      'expected an image file but it does not exist',
    );
    await rm(place, { recursive: true });
    expect(await refusal(decodeImage(path, ENOUGH), path)).toBe(
      'expected an image file but it does not exist',
    );
    await writeFile(place, '');
    expect(await refusal(decodeImage(path, ENOUGH), path)).toBe('cannot read it: not a directory');
  } finally {
    await rm(place, { recursive: true, force: true });
  }
});
