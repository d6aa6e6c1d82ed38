import { copyFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { caption, captionWithin } from '../helpers/cli.ts';
import { readFeatures } from '../helpers/feature-rows.ts';
import { trainingArguments } from '../helpers/shapes.ts';
import { trainedShapes } from '../helpers/trained-shapes.ts';

const { folder, shapes } = await trainedShapes();

const calling = (args: readonly string[]) => [
  ...['features', ...args, '--threads', '1'],
  ...['--encoder', 'vgg16', '--encoder-file', shapes.network],
];
const features = (...args: string[]) => captionWithin(calling(args), { cwd: folder });

test('a data set is kept under its own names, images under their paths; the same call adds what is missing', async () => {
  const out = join(folder, 'all.npy');
  // In a process of its own, as users call it.
  expect(await caption(calling(['shapes', '--out', out]), { cwd: folder })).toEqual({
    status: 0,
    out: '',
    err: `${out} holds the features of 24 images, 4096 numbers each\n`,
  });
  const table = await readFeatures(out);
  expect(table.keys).toHaveLength(24);
  expect(table.keys).toContain('images/red-circle-test.png');

  const bytes = await readFile(out);
  expect(await features('shapes/captions.jsonl', '--out', out)).toMatchObject({ status: 0 });
  expect(await readFile(out)).toEqual(bytes);

  const paths = join(folder, 'paths.npy');
  const some = await features('shapes/images/red-*-test.png', '--out', paths);
  expect(some.status).toBe(0);
  const more = await features('shapes/images', '--out', paths);
  expect(more.err).toBe(`${paths} holds the features of 24 images, 4096 numbers each\n`);
  const keyed = await readFeatures(paths);
  expect(keyed.keys.slice(0, 2)).toEqual([
    'shapes/images/red-circle-test.png',
    'shapes/images/red-square-test.png',
  ]);
  expect(keyed.keys).toHaveLength(24);
  expect(keyed.row('shapes/images/blue-circle-val.png')).toEqual(table.row('images/blue-circle-val.png'));
});

test('images that cannot be read are named and the others kept: status 1', async () => {
  await writeFile(join(folder, 'broken.png'), 'not a picture');
  const out = join(folder, 'some.npy');
  const { status, err } = await features('broken.png', 'nope.png', 'shapes/images', '--out', out);
  expect(status).toBe(1);
  expect(err.split('\n')).toEqual([
    'nope.png: expected an image file but it does not exist',
    'broken.png: cannot read it as an image: Input buffer contains unsupported image format',
    `${out} holds the features of 24 images, 4096 numbers each; 1 image could not be read`,
    '',
  ]);
  expect((await readFeatures(out)).keys).toHaveLength(24);
});

test('mirrored photographs are features of their own', async () => {
  const [plain, mirror] = ['plain.npy', 'mirror.npy'].map((name) => join(folder, name)) as [string, string];
  // A circle at the left; the size is the network's own, as resizing rounds from the left.
  const aside =
    '<svg xmlns="http://www.w3.org/2000/svg" width="256" height="256"><rect width="256" height="256" fill="#fff"/>' +
    '<circle cx="80" cy="128" r="40" fill="#e02020"/></svg>';
  await mkdir(join(folder, 'sides'));
  const left = sharp(Buffer.from(aside)).png();
  await left.clone().toFile(join(folder, 'sides', 'left.png'));
  await sharp(await left.toBuffer())
    .flop()
    .png()
    .toFile(join(folder, 'sides', 'right.png'));
  expect((await features('sides', '--out', plain)).status).toBe(0);
  expect(await features('sides', '--out', mirror, '--mirror')).toMatchObject({
    status: 0,
    err: `${mirror} holds the features of 2 images, 4096 numbers each\n`,
  });
  const [seen, turned] = [await readFeatures(plain), await readFeatures(mirror)];
  expect(seen.row('sides/left.png')).not.toEqual(seen.row('sides/right.png'));
  expect(turned.row('sides/left.png')).toEqual(seen.row('sides/right.png'));
  expect(turned.row('sides/right.png')).toEqual(seen.row('sides/left.png'));

  const mixed = await features('sides', '--out', plain, '--mirror');
  expect(mixed.status).toBe(2);
  expect(mixed.err).toMatch(/plain\.npy was made with encoder vgg16 \(\w+\) but got vgg16 \(\w+\)\n/);
});

test('--float16 takes half the space, and the same model is trained from it and scored with it', async () => {
  const [whole, half] = ['whole.npy', 'half.npy'].map((name) => join(folder, name)) as [string, string];
  expect((await features('shapes', '--out', whole)).status).toBe(0);
  expect(await features('shapes', '--out', half, '--float16')).toMatchObject({
    status: 0,
    err: `${half} holds the features of 24 images, 4096 numbers each\n`,
  });
  expect([(await stat(whole)).size, (await stat(half)).size]).toEqual([
    128 + 24 * 4096 * 4,
    128 + 24 * 4096 * 2,
  ]);
  const [exact, rounded] = [await readFeatures(whole), await readFeatures(half)];
  expect(rounded.keys).toEqual(exact.keys);
  expect(rounded.data).not.toEqual(exact.data);
  // Half of the last of 11 bits, and half of the smallest number where there is less than that.
  const wrong = exact.data.filter(
    (x, i) => Math.abs(x - rounded.data[i]!) > Math.abs(x) * 2 ** -11 + 2 ** -25,
  );
  expect([...wrong]).toEqual([]);

  const mixed = await features('shapes', '--out', half);
  expect(mixed.status).toBe(2);
  expect(mixed.err).toMatch(
    /^caption: expected numbers in float16, which .*half\.npy holds already, but got float32\nhint: write to another file/,
  );

  const out = join(folder, 'of-halves');
  const trained = await captionWithin([...trainingArguments(shapes, out), '--features', half]);
  expect(trained.status).toBe(0);
  const scored = await captionWithin([
    ...['evaluate', '--threads', '1', '--data', shapes.data, '--split', 'test', '--model', out],
    ...['--features', half, '--encoder-file', shapes.network, '--json'],
  ]);
  expect(scored.status).toBe(0);
  expect(JSON.parse(scored.out).Bleu_4).toBeGreaterThan(0.9);
});

test('a folder of photographs that also holds other captions is a folder of photographs', async () => {
  await mkdir(join(folder, 'album', 'annotations'), { recursive: true });
  await copyFile(shapes.pictures[0]!.path, join(folder, 'album', 'red.png'));
  await writeFile(join(folder, 'album', 'captions.json'), '["by another program"]');
  const out = join(folder, 'album.npy');
  expect(await features('album', '--out', out)).toMatchObject({ status: 0 });
  expect((await readFeatures(out)).keys).toEqual(['album/red.png']);
});

test('a device that is not there is one sentence and a hint', async () => {
  // onnxruntime writes its log past JavaScript: only another process can tell that it is silent.
  const { status, err } = await caption(calling(['shapes', '--out', 'cuda.npy', '--device', 'cuda']), {
    cwd: folder,
  });
  expect(err).toMatch(
    /^caption: cannot load \S+vgg\.onnx on device cuda: .+\nhint: leave --device out .+\n$/,
  );
  expect(status).toBe(2);
});

test('wrong calls are one sentence and status 2', async () => {
  const calls: [string[], string | RegExp][] = [
    [['shapes'], "required option '--out <file.npy>' not specified"],
    [['nope', '--out', 'a.npy'], 'expected an image file but nope does not exist'],
    [['-', '--out', 'a.npy'], 'expected image files but got - (standard input), which has no name'],
    [['shapes', '--out', 'a.txt'], 'expected the name of a feature file to end in .npy but got a.txt'],
    [
      ['shapes', 'shapes', '--out', 'a.npy', '--images-dir', '.'],
      'expected --images-dir together with one data set',
    ],
  ];
  for (const [args, message] of calls) {
    const { status, err } = await features(...args);
    expect(err).toMatch(message);
    expect(status).toBe(2);
  }
});
