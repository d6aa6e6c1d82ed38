import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { type Call, caption, captionWithin, signalAt } from '../helpers/cli.ts';
import { trainedShapes } from '../helpers/trained-shapes.ts';

const { folder, shapes, captioning: model } = await trainedShapes();

const run = (args: readonly string[]) => captionWithin([...model, ...args], { cwd: folder });
/** In a process of its own. */
const spawned = (args: readonly string[], call: Call) =>
  caption([...model, ...args], { cwd: folder, ...call });

/** The line that ends a call for several photographs. */
const summary = (start: string) =>
  expect.stringMatching(new RegExp(`^${start} in \\d+ s \\([\\d.]+ photos/s\\)\\n$`));

test('a trained model gives each picture the caption it was trained on, and nothing else', async () => {
  const [first] = shapes.pictures;
  const alone = await spawned([first!.path], {});
  expect(alone).toEqual({ status: 0, out: `${first!.caption}\n`, err: '' });

  const several = await run(shapes.pictures.map(({ path }) => path));
  const lines = shapes.pictures.map(({ path, caption }) => `${path}\t${caption}\n`);
  expect(several).toEqual({ status: 0, out: lines.join(''), err: summary('captioned 8 photos') });
});

test('standard input, folders and patterns', async () => {
  const [first] = shapes.pictures;
  const fromInput = await spawned(['-'], { input: await readFile(first!.path) });
  expect(fromInput).toEqual({ status: 0, out: `${first!.caption}\n`, err: '' });

  const one = join(folder, 'one');
  await mkdir(join(one, 'deeper'), { recursive: true });
  await copyFile(first!.path, join(one, 'photo[1].png'));
  await copyFile(first!.path, join(one, 'deeper', 'hidden.png'));
  await writeFile(join(one, 'notes.txt'), 'not a picture');
  const line = `one/photo[1].png\t${first!.caption}\n`;
  const err = summary('captioned 1 photo');
  expect(await run(['one'])).toEqual({ status: 0, out: line, err });
  expect(await run(['one/ph*.png'])).toEqual({ status: 0, out: line, err });
  const deeper = `one/deeper/hidden.png\t${first!.caption}\n`;
  expect((await run(['one', '-r'])).out).toBe(deeper + line);
  // A file that exists is that file, whatever its name means as a pattern.
  expect((await run(['one/photo[1].png'])).out).toBe(`${first!.caption}\n`);
});

test('--json and --count print all captions of an image in one object, likeliest first', async () => {
  const [first] = shapes.pictures;
  const { status, out } = await run([first!.path, '--json', '--count', '3']);
  expect(status).toBe(0);
  const { captions, ...best } = JSON.parse(out);
  expect(best).toEqual({
    file_name: relative(folder, first!.path),
    text: first!.caption,
    score: captions[0].score,
  });
  expect(captions).toHaveLength(3);
  expect(captions[0].text).toBe(first!.caption);
  const scores = captions.map(({ score }: { score: number }) => score);
  expect(scores).toEqual(scores.toSorted((a: number, b: number) => b - a));
  expect(scores[0]).toBeLessThan(0);
});

test('sampling depends on the seed and the image alone', async () => {
  const [first, second] = shapes.pictures.map(({ path }) => path);
  const sample = ['--sample', '--temperature', '3', '--count', '4', '--seed', '5'];
  await writeFile(join(folder, 'bad.png'), 'not a picture');
  const once = await run([first!, second!, ...sample]);
  const lines = once.out.split('\n');
  expect(lines).toHaveLength(9);
  expect((await run([first!, second!, ...sample])).out).toBe(once.out);
  expect((await run([first!, second!, ...sample, '--seed', '6'])).out).not.toBe(once.out);
  // Another order, and alone, the same samples.
  expect((await run([second!, first!, ...sample])).out.split('\n').slice(0, 4)).toEqual(lines.slice(4, 8));
  const alone = await run([second!, ...sample]);
  expect(alone.out.split('\n').slice(0, 4)).toEqual(lines.slice(4, 8).map((line) => line.split('\t')[1]));
  for (const missing of ['nope.png', 'bad.png', 'nope*.png', 'shapes/none/']) {
    const { status, out } = await run([missing, second!, ...sample]);
    expect(status).toBe(1);
    expect(out.split('\n')).toEqual(lines.slice(4));
  }
});

test('images that cannot be read are named, the others captioned: status 1', async () => {
  const [first] = shapes.pictures;
  await writeFile(join(folder, 'notes.txt'), 'not a picture');
  await writeFile(join(folder, 'empty.jpg'), '');
  const noise = { create: { width: 300, height: 300, channels: 3 as const, background: '#123' } };
  const jpeg = await sharp({
    ...noise,
    create: { ...noise.create, noise: { type: 'gaussian', mean: 90, sigma: 40 } },
  })
    .jpeg()
    .toBuffer();
  await writeFile(join(folder, 'cut.jpg'), jpeg.subarray(0, jpeg.length / 2));
  const { status, out, err } = await run(['notes.txt', 'empty.jpg', 'cut.jpg', 'nope.jpg', first!.path]);
  expect(status).toBe(1);
  expect(out).toBe(`${first!.path}\t${first!.caption}\n`);
  expect(err.trimEnd().split('\n').sort()).toEqual([
    expect.stringMatching(/^captioned 1 photo in .*, 4 failed$/),
    expect.stringMatching(/^cut\.jpg: cannot read it as an image: ./),
    'empty.jpg: expected an image file but it is empty',
    'nope.jpg: expected an image file but it does not exist',
    'notes.txt: cannot read it as an image: Input buffer contains unsupported image format',
  ]);

  expect(await run(['notes.txt'])).toMatchObject({ status: 1, out: '' });
  expect(await spawned(['-'], {})).toEqual({
    status: 1,
    out: '',
    err: 'standard input: expected an image but got no bytes\n',
  });
});

test.each([
  ['no inputs', [], 'expected images to caption but got none'],
  ['a missing file', ['nope.jpg'], 'expected an image file but nope.jpg does not exist'],
  [
    'a mistyped command',
    ['trian'],
    'expected an image file but trian does not exist\nhint: caption --help lists',
  ],
  ['missing files', ['a.jpg', 'b.jpg'], 'expected images but got none that can be read'],
  ['a folder without images', ['bare'], 'expected images in folder bare but found none'],
  ['a pattern without images', ['zz*.jpg'], 'expected images that match zz*.jpg but found none'],
  [
    'an unknown model',
    ['x.png', '--model', 'nosuch'],
    /expected a model to be .*a model folder but got nosuch\n/,
  ],
  [
    'another encoder',
    ['x.png', '--encoder', 'vgg19'],
    'expected --encoder to be vgg16, which model model was trained',
  ],
  ['a mistyped option', ['x.png', '--bea', '3'], "unknown option '--bea'\nhint: did you mean --beam?"],
  ['a beam in words', ['x.png', '--beam', 'three'], 'expected --beam to be a number but got three'],
  ['an empty number', ['x.png', '--seed', ''], 'expected --seed to be a number but got nothing'],
  [
    'half a length',
    ['x.png', '--max-length', '2.5'],
    'expected --max-length to be a whole number from 1 to 1000',
  ],
  [
    'help on nothing',
    ['help', 'nosuch'],
    /^caption: expected a command \(features, .*\) after help but got nosuch\n/,
  ],
  ['a beam of 0', ['x.png', '--beam', '0'], 'expected --beam to be a whole number from 1 to 1000 but got 0'],
  [
    'a wrong temperature',
    ['x.png', '--sample', '--temperature', '-1'],
    'expected --temperature to be a number, more than 0',
  ],
  [
    'no threads',
    ['x.png', '--threads', '0'],
    'expected --threads to be a whole number, from 1 to 1024, but got 0',
  ],
  [
    'an unknown device',
    ['x.png', '--device', 'tpu'],
    'expected --device to be one of cpu, webgpu, cuda but got tpu',
  ],
])('a wrong call, %s, is one sentence and status 2', async (_, args, message) => {
  const bare = join(folder, 'bare');
  await mkdir(bare, { recursive: true });
  await writeFile(join(folder, 'x.png'), 'read by none of these calls');
  const { status, out, err } = args[0] === 'help' ? await captionWithin(args) : await run(args);
  expect(err).toMatch(message);
  expect(err).toMatch(/^(caption: |[ab]\.jpg: )/);
  expect(err).not.toMatch(/\n +at |Error:/);
  expect({ status, out }).toEqual({ status: 2, out: '' });
});

test('a wrong call ends the process with status 2 as well', async () => {
  const wrong = { status: 2, out: '', err: "caption: unknown option '--bea'\nhint: did you mean --beam?\n" };
  expect(await caption(['x.png', '--bea', '3'])).toEqual(wrong);
});

test('a vocabulary or network of another model is refused', async () => {
  const mixed = join(folder, 'mixed');
  await mkdir(mixed, { recursive: true });
  for (const file of ['model.json', 'start.onnx', 'decoder.onnx', 'vocabulary.json']) {
    await copyFile(join(folder, 'model', file), join(mixed, file));
  }
  const words = await readFile(join(mixed, 'vocabulary.json'), 'utf8');
  await writeFile(join(mixed, 'vocabulary.json'), words.replace('"red"', '"rot"'));
  const [first] = shapes.pictures;
  const vocabulary = await captionWithin([first!.path, '--model', mixed, '--encoder-file', shapes.network]);
  expect(vocabulary.status).toBe(2);
  expect(vocabulary.err).toMatch(/vocabulary\.json is not the file that model\.json describes\nhint: /);

  const network = await run([first!.path, '--encoder-file', first!.path]);
  expect(network.status).toBe(2);
  expect(network.err).toMatch(/to have SHA-256 [0-9a-f]{64} but got/);
});

test('where nobody reads the output any more, it stops with one sentence', async () => {
  const call = spawned(['shapes/images'], { onText: (_, child) => child.stdout!.destroy() });
  expect(await call).toMatchObject({
    status: 1,
    err: expect.stringMatching(
      /^caption: standard output was closed by the program that reads it\ncaptioned \d+ photos? in .*, \d+ not reached\n$/,
    ),
  });
});

test('Ctrl-C finishes the photograph in hand, and a second one is not needed', async () => {
  const { status, out, err } = await spawned(['shapes/images'], { onText: signalAt('\n', 'SIGINT') });
  expect(status).toBe(130);
  const [, done] = /^captioned (\d+) photos? in .*, \d+ not reached\n$/.exec(err)!;
  expect(out.split('\n')).toHaveLength(Number(done) + 1);
  expect(Number(done)).toBeLessThan(24);
});

test('help teaches, for the command and its commands', async () => {
  const help = await captionWithin(['--help']);
  expect(help).toMatchObject({ status: 0, err: '' });
  for (const part of ['Usage: caption', '--beam', 'Examples:', 'Exit status:', 'evaluate']) {
    expect(help.out).toContain(part);
  }
  for (const args of [['help'], ['help', 'caption'], ['help', '--help']]) {
    expect(await captionWithin(args)).toEqual(help);
  }
  const train = await captionWithin(['help', 'train']);
  expect(train.out).toMatch(/^Usage: caption train.*--preset.*default: 20.*Examples:/s);
  expect(await captionWithin(['train', '--help'])).toEqual(train);
  for (const command of ['features', 'train', 'evaluate', 'score']) {
    const { out } = await captionWithin(['help', command]);
    expect(out).toMatch(/Exit status: 0 .*2 wrong\s+call, 70 a bug of caption/s);
  }
  const { version } = JSON.parse(await readFile('package.json', 'utf8'));
  expect((await captionWithin(['--version'])).out).toBe(`${version}\n`);
});
