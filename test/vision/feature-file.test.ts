import { appendFile, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { FeatureWriter } from '../../src/vision/feature-file.ts';
import { FeatureTable } from '../../src/vision/feature-table.ts';
import type { NumberType } from '../../src/vision/npy.ts';
import { readFeatures } from '../helpers/feature-rows.ts';

const F = 2;
const HASH = 'a'.repeat(64);

let folder: string;
let path: string;
let index: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caption-features-'));
  path = join(folder, 'photos.npy');
  index = join(folder, 'photos.index.jsonl');
});
afterEach(() => rm(folder, { recursive: true }));

const HEAD = { encoder: 'tiny', hash: HASH, featureSize: F, type: 'float32' as const };

const open = (type: NumberType = 'float32') => FeatureWriter.open(path, { ...HEAD, type });

/** Whole numbers from `first` to `last`. */
const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);

const row = (n: number) => [n, n + 0.5];

/** The image of a key as it was first, or in a later version. */
const image = (key: string, version = 0) => ({ key, sha256: `${version}`.repeat(64) });

async function write(keys: readonly string[]): Promise<void> {
  const writer = await open();
  for (const key of keys) await writer.append([image(key)], Float32Array.from(row(Number(key.slice(1)))));
  await writer.close();
}

test('what is written is read, by key', async () => {
  const writer = await open();
  const images = [image('k1'), image('dir/ünïcode "2".jpg')];
  await writer.append(images, Float32Array.from([...row(1), ...row(2)]));
  await writer.append([image('k3', 7)], Float32Array.from(row(3)));
  expect(writer.size).toBe(3);
  expect(writer.sha256Of('k3')).toBe('7'.repeat(64));
  expect(writer.sha256Of('k4')).toBeUndefined();
  await writer.close();

  const table = await readFeatures(path);
  expect(table).toMatchObject({ encoder: 'tiny', hash: HASH, featureSize: F });
  expect(table.keys).toEqual(['k1', 'dir/ünïcode "2".jpg', 'k3']);
  expect([...table.data]).toEqual([...row(1), ...row(2), ...row(3)]);
  expect([...table.row('dir/ünïcode "2".jpg')!]).toEqual(row(2));
  expect(table.row('k4')).toBeUndefined();
});

test('the matrix is an .npy file of version 1.0 whose header counts the rows at any time', async () => {
  const writer = await open();
  await writer.append([image('k1'), image('k2')], Float32Array.from([...row(1), ...row(2)]));
  // Not closed yet: as a killed process leaves it.
  const bytes = await readFile(path);
  await writer.close();
  expect(bytes.toString('latin1', 0, 6)).toBe('\x93NUMPY');
  expect([...bytes.subarray(6, 8)]).toEqual([1, 0]);
  expect(10 + bytes.readUInt16LE(8)).toBe(128);
  const header = bytes.toString('latin1', 10, 128);
  expect(header).toMatch(/^\{'descr': '<f4', 'fortran_order': False, 'shape': \(2, 2\), \} +\n$/);
  expect(bytes.length).toBe(128 + 2 * F * 4);
  expect(bytes.readFloatLE(128 + F * 4 + 4)).toBe(2.5);
});

describe('float16', () => {
  test('takes half the space, and the index and the header say so', async () => {
    const writer = await open('float16');
    await writer.append([image('k1')], Float32Array.of(1 + 2 ** -10, -2));
    await writer.append([image('k2')], Float32Array.of(1 / 3, 65504));
    await writer.close();
    const bytes = await readFile(path);
    expect(bytes.toString('latin1', 10, 128)).toMatch(
      /^\{'descr': '<f2', 'fortran_order': False, 'shape': \(2, 2\), \} +\n$/,
    );
    expect(bytes.subarray(128).toString('hex')).toBe('013c00c05535ff7b');
    expect((await readFile(index, 'utf8')).split('\n')[0]).toMatch(/,"featureSize":2,"type":"float16"\}$/);
    const { data } = await readFeatures(path);
    expect([...data]).toEqual([1 + 2 ** -10, -2, 1365 / 4096, 65504]);
  });

  test('is mended and continued like float32', async () => {
    const writer = await open('float16');
    for (const key of ['k1', 'k2', 'k3'])
      await writer.append([image(key)], Float32Array.from(row(Number(key[1]))));
    await writer.close();
    const whole = await readFile(path);
    await truncate(path, 128 + 2 * F * 2 + 1);
    const again = await open('float16');
    expect(again.size).toBe(2);
    await again.append([image('k3')], Float32Array.from(row(3)));
    await again.close();
    expect(await readFile(path)).toEqual(whole);
  });

  test.each(['float32', 'float16'] as const)(
    'a file of %s is not continued with other numbers',
    async (type) => {
      await (await open(type)).close();
      const other = type === 'float32' ? 'float16' : 'float32';
      await expect(open(other)).rejects.toThrow(
        new UserError(`expected numbers in ${type}, which ${path} holds already, but got ${other}`, {
          hint: 'write to another file, or remove this one and its .index.jsonl',
        }),
      );
    },
  );

  test('an index that names no type is of float32', async () => {
    await write(['k1']);
    await writeFile(index, (await readFile(index, 'utf8')).replace(',"type":"float32"', ''));
    expect([...(await readFeatures(path)).data]).toEqual(row(1));
    await (await open()).close();
    await expect(open('float16')).rejects.toThrow(/expected numbers in float32, which /);
  });

  test('a number that is too large is refused', async () => {
    const writer = await open('float16');
    await expect(writer.append([image('k1')], Float32Array.of(0, 70000))).rejects.toThrow(
      new UserError(
        `cannot write the feature file ${path}: float16 holds numbers from -65504 to 65504 but got 70000`,
      ),
    );
    expect(writer.size).toBe(0);
    await writer.close();
  });
});

test('the index is a line about the encoder, then one an image', async () => {
  await write(['k1', 'k2']);
  const sha256 = '0'.repeat(64);
  expect((await readFile(index, 'utf8')).split('\n')).toEqual([
    `{"format":"caption features 2","encoder":"tiny","hash":"${HASH}","featureSize":${F},"type":"float32"}`,
    `{"key":"k1","sha256":"${sha256}"}`,
    `{"key":"k2","sha256":"${sha256}"}`,
    '',
  ]);
});

test('of several rows with the same key the last one holds', async () => {
  await write(['k1', 'k2', 'k3']);
  const writer = await open();
  await writer.append([image('k2', 1), image('k4')], Float32Array.from([...row(20), ...row(4)]));
  await writer.append([image('k1', 1)], Float32Array.from(row(10)));
  await writer.append([image('k2', 2)], Float32Array.from(row(21)));
  expect(writer.sha256Of('k2')).toBe('2'.repeat(64));
  expect(writer.size).toBe(7);
  await writer.close();
  const again = await open();
  expect(again.sha256Of('k1')).toBe('1'.repeat(64));
  await again.close();

  const table = await readFeatures(path);
  expect(table.keys).toEqual(['k3', 'k4', 'k1', 'k2']);
  expect([...table.data]).toEqual([...row(3), ...row(4), ...row(10), ...row(21)]);
  expect([...table.row('k2')!]).toEqual(row(21));
});

test('rows are copied to any place, counted without those that no longer hold', async () => {
  await write(['k1', 'k2', 'k1', 'k3']);
  const table = await FeatureTable.open(path);
  const into = new Float32Array(6).fill(-1);
  expect(['k1', 'k2', 'k3', 'k4'].map((key) => table.rowIndex(key))).toEqual([1, 0, 2, undefined]);
  table.copyRow(2, into, 3);
  expect([...into]).toEqual([-1, -1, -1, ...row(3), -1]);
  expect(() => table.copyRow(3, into, 0)).toThrow('internal: expected a row below 3 but got 3');
  await table.close();
});

test('another view of the images is lined up by their names, with zeros for those that it lacks', async () => {
  const other = join(folder, 'turned.npy');
  await write(['k1', 'k2', 'k3']);
  const writer = await FeatureWriter.open(other, HEAD);
  await writer.append([image('k3'), image('k4'), image('k1')], Float32Array.of(30, 31, 40, 41, 10, 11));
  await writer.close();
  const [plain, turned] = [await FeatureTable.open(path), await FeatureTable.open(other)];
  const view = turned.inOrderOf(plain);
  const into = new Float32Array(3 * F).fill(-1);
  for (const row of [0, 1, 2]) view.copyRow(row, into, row * F);
  expect([...into]).toEqual([10, 11, 0, 0, 30, 31]);
  await plain.close();
  await turned.close();
});

test('a file cut short while it is read is an error that names it', async () => {
  await write(['k1', 'k2']);
  const table = await FeatureTable.open(path);
  await truncate(path, 128 + F * 4 + 1);
  expect(() => table.row('k2')).toThrow(
    new UserError(`cannot read the feature file ${path}: it ends too early`, {
      hint: 'it was whole when it was opened: leave it alone while it is in use',
    }),
  );
  await table.close();
});

test('an empty file has no rows', async () => {
  await (await open()).close();
  const table = await readFeatures(path);
  expect(table.keys).toEqual([]);
  expect(table.data.length).toBe(0);
});

describe('resuming', () => {
  test('goes on behind the last row', async () => {
    await write(['k1', 'k2']);
    const writer = await open();
    expect(writer.sha256Of('k2')).toBe('0'.repeat(64));
    await writer.append([image('k3')], Float32Array.from(row(3)));
    await writer.close();
    const table = await readFeatures(path);
    expect(table.keys).toEqual(['k1', 'k2', 'k3']);
    expect([...table.data]).toEqual([...row(1), ...row(2), ...row(3)]);
  });

  /** Reading gives a prefix of k1 k2 k3, and so does continuing, which then completes the file. */
  async function expectMended(rows: number): Promise<void> {
    const wanted = ['k1', 'k2', 'k3'];
    const writer = await open();
    const kept = writer.size;
    expect(kept).toBe(rows);
    for (const key of wanted.slice(kept)) {
      expect(writer.sha256Of(key)).toBeUndefined();
      await writer.append([image(key)], Float32Array.from(row(Number(key[1]))));
    }
    await writer.close();
    const table = await readFeatures(path);
    expect(table.keys).toEqual(wanted);
    expect([...table.data]).toEqual([...row(1), ...row(2), ...row(3)]);
    expect((await stat(path)).size).toBe(128 + 3 * F * 4);
  }

  test('the matrix cut at any byte', async () => {
    await write(['k1', 'k2', 'k3']);
    const [matrix, keys] = [await readFile(path), await readFile(index)];
    // Within the header every length is alike: no row is complete.
    for (const length of [0, 1, 127, ...range(128, matrix.length)]) {
      await writeFile(path, matrix.subarray(0, length));
      await writeFile(index, keys);
      const rows = Math.max(0, Math.floor((length - 128) / (F * 4)));
      expect((await readFeatures(path)).keys.length).toBe(rows);
      await expectMended(rows);
    }
  });

  test('the index cut behind its head', async () => {
    await write(['k1', 'k2', 'k3']);
    const [matrix, keys] = [await readFile(path), await readFile(index)];
    const head = keys.indexOf(10) + 1;
    const line = (keys.length - head) / 3;
    // Around the ends of lines at every byte, within them at every eleventh.
    const cuts = range(head, keys.length).filter(
      (length) => Math.abs(((length - head + 2) % line) - 2) <= 2 || length % 11 === 0,
    );
    for (const length of cuts) {
      await writeFile(path, matrix);
      await writeFile(index, keys.subarray(0, length));
      const rows = Math.floor((length - head) / line);
      expect((await readFeatures(path)).keys.length).toBe(rows);
      await expectMended(rows);
    }
  });

  test('killed before the head was written whole', async () => {
    await write([]);
    const head = await readFile(index);
    for (const length of [0, 1, head.length - 1]) {
      await writeFile(path, '');
      await writeFile(index, head.subarray(0, length));
      await expectMended(0);
    }
  });

  test('rows whose keys were not written yet are written again', async () => {
    await write(['k1', 'k2']);
    await appendFile(path, Buffer.alloc(F * 4, 7));
    expect((await readFeatures(path)).keys).toEqual(['k1', 'k2']);
    await expectMended(2);
  });

  test('a lost matrix starts anew', async () => {
    await write(['k1', 'k2', 'k3']);
    await rm(path);
    await expectMended(0);
  });
});

describe('refusals', () => {
  test('another encoder', async () => {
    await write(['k1']);
    await expect(
      FeatureWriter.open(path, { ...HEAD, encoder: 'other', hash: 'b'.repeat(64) }),
    ).rejects.toThrow(/photos\.npy was made with encoder tiny \(a{12}\) but got other \(b{12}\)$/);
    expect((await readFeatures(path)).keys).toEqual(['k1']);
  });

  test('a name without .npy', async () => {
    await expect(FeatureWriter.open(join(folder, 'x.bin'), HEAD)).rejects.toThrow(
      /^expected the name of a feature file to end in \.npy but got .*x\.bin$/,
    );
  });

  test('a foreign index', async () => {
    await writeFile(index, 'hello\n');
    await expect(open()).rejects.toThrow(
      /^expected .*photos\.index\.jsonl to be the index of a feature file but its line 1 is hello$/,
    );
    await writeFile(index, '{"image":"a.jpg"}\n');
    await expect(open()).rejects.toThrow(/but its line 1 is \{"image":"a\.jpg"\}$/);
    await expect(readFeatures(path)).rejects.toThrow(/but its line 1 is \{"image":"a\.jpg"\}$/);
    expect(await readFile(index, 'utf8')).toBe('{"image":"a.jpg"}\n');
  });

  test.each([
    ['no JSON', '{"format":'],
    ['null', 'null'],
    ['a number', '7'],
    ['no feature size', '{"format":"caption features 2","encoder":"tiny","hash":"ab"}'],
    ['a wrong feature size', '{"format":"caption features 2","encoder":"tiny","hash":"ab","featureSize":-2}'],
    ['a head of other types', '{"format":"caption features 2","encoder":5,"hash":"ab","featureSize":2}'],
    ['a format that is no text', '{"format":2,"encoder":"tiny","hash":"ab","featureSize":2}'],
  ])('an index that starts with %s', async (_, line) => {
    await write(['k1']);
    await writeFile(index, `${line}\n`);
    for (const reading of [() => readFeatures(path), open]) {
      await expect(reading()).rejects.toThrow(
        `expected ${index} to be the index of a feature file but its line 1 is ${line}`,
      );
    }
  });

  test('a line that is no image, a long one cut short', async () => {
    await write(['k1', 'k2']);
    const whole = await readFile(index, 'utf8');
    for (const line of ['"k2"', 'null', '{"key":"k2"}', '{"key":2,"sha256":""}', `"${'x'.repeat(500)}"`]) {
      await writeFile(index, whole.replace(/\{"key":"k2".*/, line));
      const shown = line.length > 80 ? `${line.slice(0, 80)}...` : line;
      await expect(readFeatures(path)).rejects.toThrow(
        new UserError(`expected ${index} to be the index of a feature file but its line 3 is ${shown}`),
      );
    }
  });

  test('an index of an older format', async () => {
    const head = `{"format":"caption features 1","encoder":"tiny","hash":"${HASH}","featureSize":2}`;
    await writeFile(index, `${head}\n"k1"\n`);
    await writeFile(path, Buffer.alloc(128 + F * 4));
    for (const reading of [() => readFeatures(path), open]) {
      await expect(reading()).rejects.toThrow(
        new UserError(`expected ${index} to have format "caption features 2" but got "caption features 1"`, {
          hint: 'another version of caption made it: extract the features again, into another file',
        }),
      );
    }
    expect(await readFile(index, 'utf8')).toBe(`${head}\n"k1"\n`);
  });

  test('a foreign .npy is not overwritten', async () => {
    await writeFile(path, 'precious data of somebody else');
    await expect(open()).rejects.toThrow(
      /^expected .*photos\.npy to be ours to continue but it has no index .*photos\.index\.jsonl$/,
    );
    expect(await readFile(path, 'utf8')).toBe('precious data of somebody else');
  });

  test.each([
    ['other numbers', "'<f4'", "'<f2'"],
    ['rows of another length', '(1, 2)', '(1, 4)'],
  ])('a matrix of %s than the index says', async (_, from, to) => {
    await write(['k1']);
    const bytes = (await readFile(path, 'latin1')).replace(from, to);
    await writeFile(path, bytes, 'latin1');
    for (const reading of [() => readFeatures(path), open]) {
      await expect(reading()).rejects.toThrow(
        `expected ${path} to hold rows of 2 numbers in float32, as its index says, but got another header`,
      );
    }
    expect(await readFile(path, 'latin1')).toBe(bytes);
  });

  test('files that are not there, or only half', async () => {
    await expect(readFeatures(path)).rejects.toThrow(/^cannot read the feature file .*photos\.npy: ENOENT/);
    await write(['k1']);
    await rm(path);
    await expect(readFeatures(path)).rejects.toThrow(/^cannot read the feature file .*photos\.npy: ENOENT/);
    await truncate(index, 0);
    await writeFile(path, '');
    await expect(readFeatures(path)).rejects.toThrow(
      /photos\.index\.jsonl to start with a line about the encoder/,
    );
  });
});
