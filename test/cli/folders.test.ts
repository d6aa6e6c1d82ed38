import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { caption, captionWithin } from '../helpers/cli.ts';
import { trainedShapes } from '../helpers/trained-shapes.ts';

const { folder, shapes, captioning: model } = await trainedShapes();

const NAMES = ['2.png', '10.png', 'trip/a b.png', 'trip/día 1.png', 'trip/far/-x.png', 'z"y,.png'];
/** Of the photographs below `album/`, in natural order: path within it and caption. */
const photos = NAMES.map((name, i) => ({ name, caption: shapes.pictures[i]!.caption }));
for (const [i, name] of NAMES.entries()) {
  const path = join(folder, 'album', name);
  await mkdir(dirname(path), { recursive: true });
  await copyFile(shapes.pictures[i]!.path, path);
}
beforeEach(async () => {
  await rm(join(folder, 'out'), { recursive: true, force: true });
  for (const file of await filesIn('album')) {
    if (!file.endsWith('.png')) await rm(join(folder, 'album', file));
  }
});

const run = (...args: string[]) => captionWithin([...model, ...args], { cwd: folder });
const read = (file: string) => readFile(join(folder, file), 'utf8');

async function filesIn(name: string): Promise<string[]> {
  const entries = await readdir(join(folder, name), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map((entry) => join(entry.parentPath, entry.name).slice(join(folder, name).length + 1)).sort();
}

/** Sidecars below a folder: path -> contents. */
async function texts(name: string): Promise<Record<string, string>> {
  const files = (await filesIn(name)).filter((file) => !file.endsWith('.png'));
  return Object.fromEntries(
    await Promise.all(files.map(async (file) => [file, await read(join(name, file))])),
  );
}

const sidecars = (extension: string, text = (caption: string) => `${caption}\n`) =>
  Object.fromEntries(photos.map(({ name, caption }) => [name.replace(/\.png$/, extension), text(caption)]));

test('the captions of a folder are those that each photograph gets alone', async () => {
  const { status, out } = await run('album', '--recursive');
  expect(status).toBe(0);
  expect(out).toBe(photos.map(({ name, caption }) => `album/${name}\t${caption}\n`).join(''));
  const scores = (await run('album', '-r', '--json')).out.trimEnd().split('\n');
  expect(scores).toHaveLength(photos.length);
  for (const [i, { name }] of photos.entries()) {
    expect((await run(`album/${name}`, '--json')).out).toBe(`${scores[i]}\n`);
  }
});

test('a text file beside each photograph, or in a tree of its own', async () => {
  const first = await run('album', '-r', '--format', 'txt');
  expect(first).toEqual({
    status: 0,
    out: '',
    err: expect.stringMatching(/^captioned 6 photos in \d+ s \([\d.]+ photos\/s\)\n$/),
  });
  expect(await texts('album')).toEqual(sidecars('.txt'));
  await run('album', '-r', '--format', 'txt', '--output-dir', 'out', '--extension', '.caption');
  expect(await texts('out')).toEqual(sidecars('.caption'));
  await rm(join(folder, 'out'), { recursive: true });
  await run('album', '-r', '--format', 'txt', '--output-dir', 'out', '--keep-image-extension');
  expect(await texts('out')).toEqual(sidecars('.png.txt'));
});

test('two photographs that would share a sidecar are found before anything is written', async () => {
  await mkdir(join(folder, 'pair'), { recursive: true });
  for (const name of ['a.png', 'a.jpg', 'b.png']) {
    await copyFile(join(folder, 'album/2.png'), join(folder, 'pair', name));
  }
  const refused = await run('pair', '--format', 'txt');
  expect(refused.status).toBe(2);
  expect(refused.err).toMatch(/pair\/a\.jpg.*pair\/a\.png.*\nhint: .*--keep-image-extension/);
  expect(await filesIn('pair')).toEqual(['a.jpg', 'a.png', 'b.png']);
  expect((await run('pair', '--format', 'txt', '--keep-image-extension')).status).toBe(0);
  expect(await filesIn('pair')).toEqual(['a.jpg', 'a.jpg.txt', 'a.png', 'a.png.txt', 'b.png', 'b.png.txt']);
});

test('what becomes of captions that are there: --existing', async () => {
  const text = photos[0]!.caption;
  const sidecar = join(folder, 'album/2.txt');
  const each = async (existing: string, before: string) => {
    await writeFile(sidecar, before);
    const { status } = await run('album/2.png', '--format', 'txt', '--existing', existing);
    expect(status).toBe(0);
    return readFile(sidecar, 'utf8');
  };
  expect(await each('skip', 'mine')).toBe('mine');
  expect(await each('skip', '')).toBe(`${text}\n`);
  expect(await each('overwrite', 'mine')).toBe(`${text}\n`);
  expect(await each('append', 'mine')).toBe(`mine ${text}\n`);
  expect(await each('append', `mine ${text}\n`)).toBe(`mine ${text}\n`);
  expect(await each('prepend', 'mine')).toBe(`${text} mine\n`);
  await writeFile(sidecar, 'mine');
  const rest = await run('album', '-r', '--format', 'txt');
  expect(rest.err).toMatch(/^captioned 5 photos in .*, skipped 1 that has a caption\n$/);
  expect(await texts('album')).toEqual({ ...sidecars('.txt'), '2.txt': 'mine' });
});

test('--prefix and --suffix are part of the caption', async () => {
  await run('album', '-r', '--format', 'txt', '--prefix', 'photo of sks, ', '--suffix', '.');
  expect(await texts('album')).toEqual(sidecars('.txt', (caption) => `photo of sks, ${caption}.\n`));
});

test('jsonl has paths relative to its own folder', async () => {
  expect(await run('album', '-r', '--out', 'out/metadata.jsonl')).toMatchObject({ status: 0, out: '' });
  const lines = (await read('out/metadata.jsonl')).trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual(
    photos.map(({ name, caption }) => ({
      file_name: `../album/${name}`,
      text: caption,
      score: expect.any(Number),
    })),
  );
  const again = await run('album', '-r', '--out', 'out/metadata.jsonl');
  expect(again.err).toBe('captioned 0 photos, skipped 6 that have a caption\n');
  expect((await read('out/metadata.jsonl')).trimEnd().split('\n')).toEqual(lines);
});

test('coco, for photographs named by their id', async () => {
  await mkdir(join(folder, 'coco'), { recursive: true });
  const names = ['COCO_val2014_000000000042.png', '000000000007.png'];
  for (const [i, name] of names.entries()) {
    await copyFile(join(folder, 'album', NAMES[i]!), join(folder, 'coco', name));
  }
  expect((await run('coco', '--out', 'out/results.json')).status).toBe(0);
  expect(JSON.parse(await read('out/results.json'))).toEqual([
    { image_id: 7, caption: photos[1]!.caption },
    { image_id: 42, caption: photos[0]!.caption },
  ]);
  const streamed = await run('coco', '--format', 'coco');
  expect(streamed.out).toBe(await read('out/results.json'));
  const unnamed = await run('album', '-r', '--out', 'out/other.json');
  expect(unnamed).toMatchObject({
    status: 2,
    out: '',
    err: expect.stringMatching(/10\.png|2\.png|a b\.png/),
  });
});

test('an xmp sidecar keeps what it holds', async () => {
  await writeFile(
    join(folder, 'album/2.xmp'),
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">' +
      '<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"/></rdf:RDF></x:xmpmeta>',
  );
  await writeFile(join(folder, 'album/10.xmp'), '<broken');
  const { status, err } = await run('album', '-r', '--format', 'xmp');
  expect(status).toBe(1);
  expect(err).toMatch(/^album\/10\.png: .*album\/10\.xmp.*\ncaptioned 5 photos in .*, 1 failed\n$/);
  expect(await read('album/10.xmp')).toBe('<broken');
  const edited = await read('album/2.xmp');
  expect(edited).toContain('xmp:Rating="4"');
  expect(edited).toContain(`<rdf:li xml:lang="x-default">${photos[0]!.caption}</rdf:li>`);
  expect(await read('album/trip/a b.xmp')).toContain(photos[2]!.caption);
});

test('shards make up one run', async () => {
  for (const format of ['tsv', 'jsonl', 'csv']) {
    const whole = (await run('album', '-r', '--format', format)).out;
    let together = '';
    for (const shard of ['1/4', '2/4', '3/4', '4/4']) {
      together += (await run('album', '-r', '--format', format, '--shard', shard)).out;
    }
    expect(together).toBe(whole);
  }
  const env = { SLURM_ARRAY_TASK_ID: '6', SLURM_ARRAY_TASK_COUNT: '3', SLURM_ARRAY_TASK_MIN: '5' };
  const slurm = await caption([...model, 'album', '-r', '--shard', 'auto'], {
    cwd: folder,
    env: { ...env, SLURM_ARRAY_TASK_MAX: '7', SLURM_ARRAY_TASK_STEP: '1' },
  });
  expect(slurm.out).toBe((await run('album', '-r', '--shard', '2/3')).out);
  expect(slurm.out.trimEnd().split('\n')).toHaveLength(2);
});

test('a dry run tells what would be done and does nothing', async () => {
  await writeFile(join(folder, 'album/2.txt'), 'mine');
  const dry = await run('album', '-r', '--format', 'txt', '--output-dir', 'album', '--dry-run');
  expect(dry).toMatchObject({ status: 0, err: 'would caption 5 photos and leave 1 as it is\n' });
  expect(dry.out.split('\n').slice(0, 2)).toEqual([
    'skip\talbum/2.png\talbum/2.txt',
    'caption\talbum/10.png\talbum/10.txt',
  ]);
  expect(Object.keys(await texts('album'))).toEqual(['2.txt']);
  expect(await run('album', '--out', 'out/x.jsonl', '--dry-run')).toMatchObject({ status: 0 });
  await expect(read('out/x.jsonl')).rejects.toThrow('ENOENT');
});

test('photographs named by a list, whatever their names are', async () => {
  const odd = 'album/new\nline.png';
  await copyFile(join(folder, 'album/2.png'), join(folder, odd));
  const list = `album/10.png\0${odd}\0album/gone.png\0`;
  const { status, out, err } = await caption([...model, '--file-list', '-', '-0'], {
    cwd: folder,
    input: list,
  });
  await rm(join(folder, odd));
  expect(status).toBe(1);
  expect(out).toBe(`album/10.png\t${photos[1]!.caption}\nalbum/new\\nline.png\t${photos[0]!.caption}\n`);
  expect(err).toMatch(/^album\/gone\.png: .*does not exist\ncaptioned 2 photos in .*, 1 failed\n$/);
});

test.each<[string[], string | RegExp]>([
  [['--format', 'doc'], 'expected --format to be one of tsv, jsonl, csv, coco, html, txt, xmp but got doc'],
  [['--out', 'x.doc'], 'expected --out to end in .tsv, .jsonl, .csv, .json, .html, .htm but got x.doc'],
  [['--out', 'x.txt', '--format', 'txt'], 'expected no --out with --format txt'],
  [['--output-dir', 'd'], 'expected --output-dir with --format txt or xmp but got --format tsv'],
  [
    ['--extension', '.x', '--out', 'x.csv'],
    'expected --extension with --format txt or xmp but got --format csv',
  ],
  [['--extension', '.png', '--format', 'txt'], 'expected --extension to be an ending for text but got .png'],
  [['--existing', 'skip'], 'expected --existing with captions in files'],
  [['--existing', 'append', '--out', 'x.csv'], /^caption: expected --existing skip or overwrite for x\.csv/],
  [
    ['--existing', 'never', '--format', 'txt'],
    'expected --existing to be one of skip, overwrite, append, prepend',
  ],
  [['--json', '--format', 'csv'], 'expected --json, which is --format jsonl, or --format csv but got both'],
  [['--count', '2', '--format', 'txt'], 'expected --count 1 with --format txt but got 2'],
  [['--prefix', 'a\nb'], 'expected --prefix to be one line but got "a\\nb"'],
  [['--shard', '0/3'], 'expected --shard to be from 1/3 to 3/3 but got 0/3'],
  [['--shard', 'auto'], 'expected SLURM_ARRAY_TASK_ID (SLURM) or JOB_COMPLETION_INDEX (Kubernetes)'],
  [['-0'], 'expected --file-list with -0 (--null) but got none'],
])('options that make no sense: %j', async (args, message) => {
  const { status, out, err } = await run('album', ...args);
  expect(err).toMatch(message);
  expect(err).toMatch(/^caption: /);
  expect({ status, out }).toEqual({ status: 2, out: '' });
});
