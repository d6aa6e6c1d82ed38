import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { writeFileAtomic } from '../../src/files/atomic.ts';
import { readSafetensors, writeSafetensors } from '../../src/files/safetensors.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caption-files-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('safetensors', () => {
  const path = () => join(folder, 'weights.safetensors');

  it('gives back what was written', async () => {
    const tensors = [
      ['a', { dims: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
      ['b/c', { dims: [1], data: Float32Array.of(-0.5) }],
      ['empty', { dims: [0, 4], data: new Float32Array(0) }],
    ] as const;
    await writeSafetensors(path(), tensors, { format: 'test' });
    const file = await readSafetensors(path());
    expect([...file.tensors]).toEqual(tensors.map(([name, tensor]) => [name, tensor]));
    expect(file.metadata).toEqual({ format: 'test' });
  });

  it('has the layout of the format: length, JSON header, data at its offsets', async () => {
    await writeSafetensors(path(), [['x', { dims: [2], data: Float32Array.of(1.5, -2) }]]);
    const bytes = await readFile(path());
    const length = Number(bytes.readBigUInt64LE(0));
    expect((8 + length) % 8).toBe(0);
    expect(JSON.parse(bytes.subarray(8, 8 + length).toString())).toMatchObject({
      x: { dtype: 'F32', shape: [2], data_offsets: [0, 8] },
    });
    expect([bytes.readFloatLE(8 + length), bytes.readFloatLE(12 + length)]).toEqual([1.5, -2]);
  });

  it('refuses a file cut anywhere', async () => {
    await writeSafetensors(path(), [['x', { dims: [2], data: Float32Array.of(1.5, -2) }]]);
    const bytes = await readFile(path());
    for (let length = 0; length < bytes.length; length++) {
      await writeFile(path(), bytes.subarray(0, length));
      await expect(readSafetensors(path())).rejects.toThrow(
        /weights\.safetensors is not a readable safetensors/,
      );
    }
  });

  /** A file of this header and 16 bytes of data. */
  async function writeHeader(header: unknown): Promise<void> {
    const json = Buffer.from(JSON.stringify(header));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(json.length));
    await writeFile(path(), Buffer.concat([length, json, Buffer.alloc(16)]));
  }
  const entry = { dtype: 'F32', shape: [2, 2], data_offsets: [0, 16] };

  it('does without metadata, and ignores what it does not know', async () => {
    await writeHeader({ x: { ...entry, note: 'by another program' } });
    const { tensors, metadata } = await readSafetensors(path());
    expect(tensors.get('x')).toEqual({ dims: [2, 2], data: new Float32Array(4) });
    expect(metadata).toEqual({});
  });

  it.each([
    ['null', null, 'the header: Invalid input: expected record, received null'],
    ['a list', [entry], 'the header: Invalid input: expected record, received array'],
    ['a tensor of null', { x: null }, 'x: Invalid input: expected object, received null'],
    ['no type', { x: { ...entry, dtype: undefined } }, 'x.dtype: Invalid input: expected string, received'],
    ['another type', { x: { ...entry, dtype: 'BF16' } }, 'expected x to be F32 but got BF16'],
    ['no shape', { x: { ...entry, shape: undefined } }, 'x.shape: Invalid input: expected array'],
    ['a shape of texts', { x: { ...entry, shape: ['2', 2] } }, 'x.shape.0: Invalid input: expected number'],
    ['a negative shape', { x: { ...entry, shape: [-2, -2] } }, 'x.shape.0: Too small'],
    ['a huge shape', { x: { ...entry, shape: [2 ** 40, 2 ** 40] } }, 'x has not all its bytes'],
    ['no offsets', { x: { ...entry, data_offsets: undefined } }, 'x.data_offsets: Invalid input'],
    ['one offset', { x: { ...entry, data_offsets: [0] } }, 'x.data_offsets: '],
    ['offsets before the data', { x: { ...entry, data_offsets: [-16, 0] } }, 'x.data_offsets.0: Too small'],
    ['offsets behind the file', { x: { ...entry, data_offsets: [8, 24] } }, 'x has not all its bytes'],
    ['offsets the wrong way round', { x: { ...entry, data_offsets: [16, 0] } }, 'x has not all its bytes'],
    ['metadata of null', { __metadata__: { run: null }, x: entry }, '__metadata__.run: Invalid input'],
    ['metadata that is a text', { __metadata__: 'run', x: entry }, '__metadata__: Invalid input'],
  ])('refuses a header with %s', async (_, header, why) => {
    await writeHeader(header);
    const reading = readSafetensors(path());
    await expect(reading).rejects.toThrow(`${path()} is not a readable safetensors file: ${why}`);
    await expect(reading).rejects.toBeInstanceOf(UserError);
  });

  it('names a file that is not there', async () => {
    await expect(readSafetensors(join(folder, 'none'))).rejects.toThrow(/^cannot read .*none: ENOENT/);
  });
});

describe('writeFileAtomic', () => {
  it('makes folders, and leaves nothing but the file', async () => {
    const path = join(folder, 'deep', 'er', 'note.txt');
    await writeFileAtomic(path, 'one');
    await writeFileAtomic(path, 'two');
    expect(await readFile(path, 'utf8')).toBe('two');
    expect(await readdir(join(folder, 'deep', 'er'))).toEqual(['note.txt']);
  });

  it('keeps the old file when writing fails', async () => {
    const path = join(folder, 'kept.txt');
    await writeFileAtomic(path, 'old');
    const failing = (function* () {
      yield Buffer.from('half');
      throw new Error('disk on fire');
    })();
    await expect(writeFileAtomic(path, failing)).rejects.toThrow(/cannot write .*kept\.txt: disk on fire/);
    expect(await readFile(path, 'utf8')).toBe('old');
    expect((await readdir(folder)).filter((name) => name.includes('kept'))).toEqual(['kept.txt']);
  });
});
