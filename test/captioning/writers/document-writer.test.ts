import {
  chmod,
  type FileHandle,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { coco } from '../../../src/captioning/writers/coco.ts';
import { csv } from '../../../src/captioning/writers/csv.ts';
import type { DocumentFormat } from '../../../src/captioning/writers/document-format.ts';
import { DocumentWriter } from '../../../src/captioning/writers/document-writer.ts';
import type { Existing } from '../../../src/captioning/writers/existing.ts';
import { jsonl } from '../../../src/captioning/writers/jsonl.ts';
import { tsv } from '../../../src/captioning/writers/tsv.ts';
import type { CaptionedPhoto } from '../../../src/captioning/writers/writer.ts';
import { AWKWARD_NAMES, photo } from './photos.ts';

const root = await mkdtemp(join(tmpdir(), 'documents-'));
afterAll(() => rm(root, { recursive: true }));

let folder = '';
let path = '';
beforeEach(async () => {
  folder = await mkdtemp(join(root, 'test-'));
  path = join(folder, 'out.txt');
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** A page: records of three lines with a separator, and a tail longer than a small record's beginning. */
const page: DocumentFormat = {
  name: 'page',
  head: '<html>\n<p>captions</p>\n',
  separator: '<hr>\n',
  tail: '</main>\n<script>\nfilter();\n</script>\n</html>\n',
  keyOf: (name) => name,
  record: (name, { captions }) => `<b>\n${encodeURI(name)}: ${captions[0]?.text}\n</b>\n`,
  keyIn(record) {
    const name = /^<b>\n([^:\n]*): [^\n]*\n<\/b>\n?$/.exec(record)?.[1];
    return name && decodeURI(name);
  },
};

const FORMATS = [
  jsonl,
  csv({ header: true }),
  { ...csv({ header: false }), name: 'csv rows' },
  coco,
  tsv,
  page,
];
const NAMES = ['1.jpg', 'a "é", b\nc/22.jpg', '-/333.jpg'];
const PHOTOS = NAMES.map((name, at) => photo(name, `a "dog", ${at} times é`));

async function run(
  format: DocumentFormat,
  photos: readonly CaptionedPhoto[],
  { existing = 'skip', file = path }: { existing?: Existing; file?: string } = {},
): Promise<string[]> {
  const writer = await DocumentWriter.open({ path: file, format, existing });
  const written: string[] = [];
  for (const photo of photos) {
    const here = join(folder, photo.path);
    if (await writer.has(here)) continue;
    await writer.write({ ...photo, path: here });
    written.push(photo.path);
  }
  await writer.close();
  return written;
}

async function documentOf(format: DocumentFormat, photos: readonly CaptionedPhoto[]): Promise<Buffer> {
  const file = join(folder, 'whole');
  await run(format, photos, { file });
  const bytes = await readFile(file);
  await rm(file);
  return bytes;
}

const text = () => readFile(path, 'utf8');

/** What all open files have in common. */
async function fileHandles(): Promise<FileHandle> {
  const probe = await open(join(root, 'probe'), 'w');
  await probe.close();
  return Object.getPrototypeOf(probe);
}

/** Where nothing is looked at but the bytes, waiting for the disk would only take time. */
async function withoutSyncing(): Promise<void> {
  vi.spyOn(await fileHandles(), 'datasync').mockResolvedValue();
}

interface Writing {
  write(data: Buffer, from: number, length: number, at: number): Promise<{ bytesWritten: number }>;
}

/** The next write to a file puts down no more than a few bytes, and the one behind it fails: the disk is full. */
async function fillDisk({ taking }: { taking: number }): Promise<void> {
  const handles: Writing = await fileHandles();
  const { write } = handles;
  vi.spyOn(handles, 'write')
    .mockImplementationOnce(function (this: Writing, data, from, length, at) {
      return write.call(this, data, from, Math.min(taking, length), at);
    })
    .mockImplementationOnce(async () => {
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    });
}

describe.each(FORMATS)('a document of format $name', (format) => {
  it('is the same after a cut at any byte and another run', async () => {
    await withoutSyncing();
    const whole = await documentOf(format, PHOTOS);
    for (let cut = 0; cut <= whole.length; cut++) {
      // After a power cut some blocks of the file may never have been written.
      const nuls = cut % 3 === 0 ? 5000 : 0;
      await writeFile(path, Buffer.concat([whole.subarray(0, cut), Buffer.alloc(nuls)]));
      await run(format, PHOTOS);
      expect({ cut, nuls, text: await text() }).toEqual({ cut, nuls, text: whole.toString() });
    }
  });

  it('is the same after a kill at any byte of a write over the old tail', async () => {
    await withoutSyncing();
    const before = await documentOf(format, PHOTOS.slice(0, 2));
    const whole = await documentOf(format, PHOTOS);
    const at = before.length - Buffer.byteLength(format.tail);
    for (let cut = at; cut <= whole.length; cut++) {
      await writeFile(path, Buffer.concat([whole.subarray(0, cut), before.subarray(cut)]));
      await run(format, PHOTOS);
      expect({ cut, text: await text() }).toEqual({ cut, text: whole.toString() });
    }
  });

  it('is whole after every write', async () => {
    const writer = await DocumentWriter.open({ path, format, existing: 'skip' });
    for (const [at, { path: name, captions }] of PHOTOS.entries()) {
      await writer.write({ path: join(folder, name), source: name, captions });
      expect(await readFile(path)).toEqual(await documentOf(format, PHOTOS.slice(0, at + 1)));
    }
    await writer.close();
  });

  it.each([0, 1, 2, 9, 30])(
    'is whole when the disk is full after %i bytes of the second record',
    async (taking) => {
      const writer = await DocumentWriter.open({ path, format, existing: 'skip' });
      const [first, second] = PHOTOS.map((photo) => ({ ...photo, path: join(folder, photo.path) }));
      await writer.write(first!);
      const before = await readFile(path);
      await fillDisk({ taking });
      await expect(writer.write(second!)).rejects.toThrow(
        expect.objectContaining({
          name: 'UserError',
          message: `cannot write ${path}: ENOSPC: no space left on device, write`,
          hint: 'what is done is kept: mend this and the same command goes on from there',
        }),
      );
      expect(await readFile(path)).toEqual(before);
      await writer.close();
      expect(await readFile(path)).toEqual(before);
      expect(await run(format, PHOTOS)).toEqual(NAMES.slice(1));
      expect(await readFile(path)).toEqual(await documentOf(format, PHOTOS));
    },
  );

  it('is not there when the first record does not fit', async () => {
    const writer = await DocumentWriter.open({ path, format, existing: 'skip' });
    await fillDisk({ taking: 3 });
    await expect(writer.write(PHOTOS[0]!)).rejects.toThrow('ENOSPC');
    await writer.close();
    expect(await readdir(folder)).toEqual([]);
  });

  it('lets overwrite replace the records of this run and keep the others', async () => {
    await run(format, PHOTOS);
    await chmod(path, 0o640);
    const old = await text();
    const again = photo(NAMES[1]!, 'a cat');
    const writer = await DocumentWriter.open({ path, format, existing: 'overwrite' });
    expect(await writer.has(join(folder, NAMES[1]!))).toBe(false);
    await writer.write({ ...again, path: join(folder, NAMES[1]!) });
    // Killed here, it leaves the old one.
    expect(await text()).toBe(old);
    await writer.close();
    expect(await readFile(path)).toEqual(await documentOf(format, [again, PHOTOS[0]!, PHOTOS[2]!]));
    expect((await stat(path)).mode & 0o777).toBe(0o640);
    expect(await readdir(folder)).toEqual(['out.txt']);
  });
});

describe('skip', () => {
  it('has a record on the disk, in one write, when write resolves', async () => {
    const handles = await fileHandles();
    const [write, datasync] = [vi.spyOn(handles, 'write'), vi.spyOn(handles, 'datasync')];
    const writer = await DocumentWriter.open({ path, format: coco, existing: 'skip' });
    for (const times of [1, 2, 3]) {
      await writer.write(photo(NAMES[times - 1]!, 'a dog'));
      expect([write.mock.calls.length, datasync.mock.calls.length]).toEqual([times, times]);
      expect(datasync.mock.invocationCallOrder.at(-1)).toBeGreaterThan(
        write.mock.invocationCallOrder.at(-1)!,
      );
    }
    await writer.close();
    expect([write.mock.calls.length, datasync.mock.calls.length]).toEqual([3, 3]);
  });

  it('makes neither file nor folder before the first record', async () => {
    path = join(folder, 'new', 'folder', 'out.jsonl');
    await run(jsonl, []);
    expect(await readdir(folder)).toEqual([]);
    await run(jsonl, PHOTOS);
    expect((await text()).split('\n')).toHaveLength(4);
    expect(JSON.parse((await text()).split('\n')[0]!).file_name).toBe('../../1.jpg');
  });

  it('knows every name again', async () => {
    for (const format of [jsonl, csv({ header: true }), tsv]) {
      await rm(path, { force: true });
      const photos = AWKWARD_NAMES.map((name) => photo(name, 'a dog'));
      expect(await run(format, photos)).toEqual(AWKWARD_NAMES);
      expect(await run(format, photos)).toEqual([]);
    }
  });

  it('keeps what was edited by hand: a byte order mark, CRLF, blank lines, no last line end', async () => {
    const line = (name: string) => `{ "text": "mine", "file_name": "${name}", "likes": 3 }`;
    const edited = `\ufeff${line('1.jpg')}\r\n\r\n${line('x.jpg')}\r\n  \n${line('1.jpg')}`;
    await writeFile(path, edited);
    expect(await run(jsonl, PHOTOS.slice(0, 1))).toEqual([]);
    expect(await text()).toBe(`${edited}\n`);
    await writeFile(path, edited);
    expect(await run(jsonl, PHOTOS.slice(0, 2))).toEqual([NAMES[1]]);
    expect(await text()).toBe(`${edited}\n${(await documentOf(jsonl, [PHOTOS[1]!])).toString()}`);
  });

  it('adds a tail and a line end that are missing, also when there is nothing to do', async () => {
    await writeFile(path, '[\n{"image_id":1,"caption":"a dog"}');
    expect(await run(coco, [])).toEqual([]);
    expect(await text()).toBe('[\n{"image_id":1,"caption":"a dog"}\n]\n');
  });

  it('leaves a whole document untouched when there is nothing to do', async () => {
    await run(coco, PHOTOS);
    await chmod(path, 0o444);
    const { mtimeMs } = await stat(path);
    expect(await run(coco, PHOTOS)).toEqual([]);
    expect((await stat(path)).mtimeMs).toBe(mtimeMs);
  });

  it('joins the shards of a run to what one run writes', async () => {
    const photos = AWKWARD_NAMES.map((name) => photo(name, 'a dog'));
    for (const formatOf of [() => jsonl, (first: boolean) => csv({ header: first }), () => tsv]) {
      const shards: Buffer[] = [];
      for (const [start, end] of [
        [0, 5],
        [5, 6],
        [6, photos.length],
      ] as const) {
        shards.push(await documentOf(formatOf(start === 0), photos.slice(start, end)));
      }
      const joined = Buffer.concat(shards);
      expect(joined).toEqual(await documentOf(formatOf(true), photos));
      await writeFile(path, joined);
      expect(await run(formatOf(true), photos)).toEqual([]);
      expect(await readFile(path)).toEqual(joined);
    }
  });

  it.each([
    ['a line in the middle', jsonl, 'x.jpg\n', 2, 'x.jpg'],
    ['a line at the end', jsonl, '{"file_name":"b.jpg"}\n', 2, '{"file_name":"b.jpg"}'],
    ['an open quote in the middle', csv({ header: true }), '"x.jpg,a dog,-1\r\n', 3, '"x.jpg,a dog,-1'],
    ['a second header', csv({ header: true }), 'file_name,text,score\r\n', 3, 'file_name,text,score'],
    [
      'a record without its separator',
      coco,
      '{"image_id":5,"caption":"a dog"}\n',
      3,
      '{"image_id":5,"caption":"a dog"}',
    ],
    ['a second document', coco, ']\n[\n{"image_id":5,"caption":"a dog"}\n', 3, ']'],
    ['half a record of several lines', page, '<hr>\n<b>\nx.jpg: a\n', 6, '<hr>'],
  ] as const)('refuses %s', async (what, format, bad, line, shown) => {
    const whole = (await documentOf(format, PHOTOS.slice(0, 2))).toString();
    const one = (await documentOf(format, PHOTOS.slice(0, 1))).toString();
    const end = one.length - format.tail.length;
    const contents = what.endsWith('end') ? one + bad : one.slice(0, end) + bad + whole.slice(end);
    await writeFile(path, contents);
    await expect(run(format, PHOTOS)).rejects.toThrow(
      expect.objectContaining({
        name: 'UserError',
        message: `expected a ${format.name} record in ${path}, line ${line}, but got "${shown}"`,
        hint: 'mend the line, move the file away, or give another --out',
      }),
    );
    await expect(run(format, PHOTOS, { existing: 'overwrite' })).rejects.toThrow('expected a ');
    expect(await text()).toBe(contents);
  });

  it.each([
    ['a file of something else', csv({ header: true }), 'a shopping list'],
    ['a file of something else', coco, '[{"image_id":1,"caption":"a dog"}]'],
    ['another table', csv({ header: true }), 'name,age\r\nAnn,42\r\n'],
  ])('refuses %s', async (_what, format, contents) => {
    await writeFile(path, contents);
    const message = `expected ${path} to begin as ${format.name} written here does but got "${contents.split('\r')[0]!.slice(0, 20)}`;
    await expect(run(format, PHOTOS)).rejects.toThrow(message);
    expect(await text()).toBe(contents);
  });

  it.each(['[1, 2, 3]', 'a shopping list', '{"name":"package"', '{"file_name":"a.jpg"}\n'])(
    'does not take somebody else’s %s for a torn record',
    async (contents) => {
      await writeFile(path, contents);
      await expect(run(jsonl, PHOTOS)).rejects.toThrow(`expected a jsonl record in ${path}, line 1, but got`);
      expect(await text()).toBe(contents);
    },
  );

  it('reads a large document quickly, a bad line in it too', async () => {
    const rows = Array.from(
      { length: 50_000 },
      (_, at) => `"b,${at}.jpg",${'a dog '.repeat(10)},-1.0000\r\n`,
    );
    const head = csv({ header: true }).head;
    await writeFile(path, head + rows.join(''));
    const start = performance.now();
    expect(await run(csv({ header: true }), [photo('b,49999.jpg', 'x'), photo('c.jpg', 'x')])).toEqual([
      'c.jpg',
    ]);
    await writeFile(path, head + rows.with(20_000, '"x,a,-1\r\n').join(''));
    await expect(run(csv({ header: true }), PHOTOS)).rejects.toThrow('line 20002, but got ""x,a,-1"');
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  it('refuses a line without end in bounded memory', async () => {
    const handle = await open(path, 'w');
    await handle.truncate(2 ** 33);
    await handle.write('x', 2 ** 33 - 1);
    await handle.close();
    await expect(run(jsonl, PHOTOS)).rejects.toThrow(`${path}, line 1, but got "\\u0000`);
  });

  it('says what cannot be read or written', async () => {
    await expect(run(jsonl, PHOTOS, { file: folder })).rejects.toThrow(
      `expected ${folder} to be a file but got a folder, pipe or device`,
    );
    await writeFile(path, '');
    const below = join(path, 'out.jsonl');
    await expect(run(jsonl, PHOTOS, { file: below })).rejects.toThrow(`cannot read ${below}: ENOTDIR`);
  });

  it('does not write over a file that another program has made since', async () => {
    const writer = await DocumentWriter.open({ path, format: jsonl, existing: 'skip' });
    await writeFile(path, 'precious');
    await expect(writer.write(PHOTOS[0]!)).rejects.toThrow(`cannot write ${path}: EEXIST`);
    await writer.close();
    expect(await text()).toBe('precious');
  });
});

describe('overwrite', () => {
  it('leaves the old document when nothing was written', async () => {
    await run(jsonl, PHOTOS);
    const { ino } = await stat(path);
    await run(jsonl, [], { existing: 'overwrite' });
    expect((await stat(path)).ino).toBe(ino);
    expect(await readdir(folder)).toEqual(['out.txt']);
  });

  it('writes straight to the file where there is none, so that a kill loses nothing', async () => {
    const writer = await DocumentWriter.open({ path, format: jsonl, existing: 'overwrite' });
    await writer.write(PHOTOS[0]!);
    expect(await readdir(folder)).toEqual(['out.txt']);
    await writer.close();
  });

  it('takes the place of what a killed attempt has left', async () => {
    await run(jsonl, PHOTOS);
    const killed = await DocumentWriter.open({ path, format: jsonl, existing: 'overwrite' });
    for (const { path: name, captions } of PHOTOS) {
      await killed.write({ path: join(folder, name), source: name, captions });
    }
    const again = [photo(NAMES[2]!, 'a cat')];
    await run(jsonl, again, { existing: 'overwrite' });
    expect(await readFile(path)).toEqual(await documentOf(jsonl, [...again, ...PHOTOS.slice(0, 2)]));
    expect(await readdir(folder)).toEqual(['out.txt']);
    // Only to let go of its file.
    await expect(killed.close()).rejects.toThrow('ENOENT');
  });

  it('keeps a symbolic link and records edited by hand, the last without line end', async () => {
    await mkdir(join(folder, 'elsewhere'));
    const target = join(folder, 'elsewhere', 'real.csv');
    await writeFile(target, 'file_name,text,score\na.jpg,mine,\nb.jpg,"mine, too",-1.0000');
    await symlink(target, path);
    await run(csv({ header: true }), [photo('a.jpg', 'a dog')], { existing: 'overwrite' });
    expect(await readFile(target, 'utf8')).toBe(
      'file_name,text,score\r\na.jpg,a dog,-1.5000\r\nb.jpg,"mine, too",-1.0000\r\n',
    );
  });

  it('joins what was written before the disk was full', async () => {
    await run(coco, PHOTOS);
    const writer = await DocumentWriter.open({ path, format: coco, existing: 'overwrite' });
    const again = PHOTOS.map(({ path: name }) => photo(name, 'a cat'));
    await writer.write({ ...again[0]!, path: join(folder, NAMES[0]!) });
    await fillDisk({ taking: 4 });
    await expect(writer.write({ ...again[1]!, path: join(folder, NAMES[1]!) })).rejects.toThrow(
      `cannot write ${path}: ENOSPC`,
    );
    await writer.close();
    expect(await readFile(path)).toEqual(await documentOf(coco, [again[0]!, ...PHOTOS.slice(1)]));
  });

  it('leaves the old document, and the new captions beside it, where they cannot be joined', async () => {
    await run(jsonl, PHOTOS);
    const old = await text();
    const writer = await DocumentWriter.open({ path, format: jsonl, existing: 'overwrite' });
    await writer.write({ ...photo(NAMES[0]!, 'a cat'), path: join(folder, NAMES[0]!) });
    await fillDisk({ taking: 4 });
    const failure: unknown = await writer.close().catch((error: unknown) => error);
    expect(failure).toMatchObject({
      name: 'UserError',
      message: expect.stringContaining(`cannot write ${path}: ENOSPC`),
    });
    expect(await text()).toBe(old);
    const beside = /are in (.*)$/.exec((failure as { hint: string }).hint)![1]!;
    expect(JSON.parse(await readFile(beside, 'utf8'))).toMatchObject({ file_name: NAMES[0], text: 'a cat' });
  });
});

it.each(['append', 'prepend'] as const)('refuses %s', async (existing) => {
  await expect(DocumentWriter.open({ path, format: jsonl, existing })).rejects.toThrow(
    `expected --existing skip or overwrite for ${path}, a file of many photographs, but got ${existing}`,
  );
});
