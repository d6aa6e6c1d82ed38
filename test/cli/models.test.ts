import { existsSync, statSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { captionWithin } from '../helpers/cli.ts';
import { start } from '../helpers/command.ts';
import { HttpServer } from '../helpers/http-server.ts';
import { trainedShapes } from '../helpers/trained-shapes.ts';
import { writeVggShaped } from '../helpers/vgg-shaped.ts';

const { folder, shapes, model: trained } = await trainedShapes();
let home: string;
beforeEach(() => {
  home = join(folder, 'home');
  vi.stubEnv('CAPTION_HOME', home);
  vi.stubEnv('CAPTION_MIRROR', '');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(home, { recursive: true, force: true });
});

const models = (...args: string[]) => captionWithin(['models', ...args]);

/** Puts the network where a pull would, under the same name. */
async function placeVgg(): Promise<string> {
  await mkdir(join(home, 'encoders'), { recursive: true });
  const path = join(home, 'encoders', 'vgg16-7.onnx');
  await copyFile(shapes.network, path);
  return path;
}

describe('list', () => {
  test('what ships, what can be pulled, what was imported; nothing is made', async () => {
    const before = await models('list');
    expect(before).toMatchObject({ status: 0, err: '' });
    expect(before.out).toMatch(/^name +kind +size +encoder +CIDEr +where\n/);
    expect(before.out).toMatch(
      /\ndefault +model +\d+\.\d MB +resnet50\+efficientnet-lite4 +0\.\d{3} validation +ships\n/,
    );
    expect(before.out).toMatch(/\nvgg16 +encoder +553\.4 MB +not installed: caption models pull vgg16\n/);
    expect(before.out).toMatch(/\nvgg16-caffe +encoder +not installed: by hand\n$/);
    expect(existsSync(home)).toBe(false);

    await placeVgg();
    await models('import', trained, '--name', 'shapes');
    const { out } = await models('list');
    expect(out).toContain(`  ${join(home, 'models', 'shapes')}\n`);
    expect(out).toContain(`  ${join(home, 'encoders', 'vgg16-7.onnx')}\n`);
    const listed = JSON.parse((await models('list', '--json')).out);
    expect(listed).toContainEqual({
      name: 'shapes',
      kind: 'model',
      installed: true,
      bytes: expect.any(Number),
      encoder: 'vgg16',
      ciders: [{ on: 'validation', value: expect.any(Number) }],
      ships: false,
      paths: [join(home, 'models', 'shapes')],
      note: null,
    });
  });
});

describe('info', () => {
  test('of a model: encoder, decoder, words, training', async () => {
    const { status, out } = await models('info', trained);
    expect(status).toBe(0);
    for (const line of [
      /^folder +\S+model$/m,
      /^encoder +vgg16$/m,
      /^network +vgg16-7\.onnx, which is not installed$/m,
      /^ {2}pictures +short side to 256, centre 224x224, RGB, \(value x 0\.003922 - \[0\.485 0\.456 0\.406\]\)/m,
      /^F +4096$/m,
      /^decoder +gru, merge, layers 1, E 24, H 48, F 4096$/m,
      /^vocabulary +14 words$/m,
      /^training epochs +80$/m,
      /^decoder\.onnx +SHA-256 [0-9a-f]{64}$/m,
      /^card +none$/m,
    ]) {
      expect(out).toMatch(line);
    }
  });

  test('of an encoder’s file: its input and the tensor that will be read', async () => {
    const path = await placeVgg();
    const { out } = await models('info', 'vgg16');
    expect(out).toMatch(new RegExp(`^network +${path}$`, 'm'));
    expect(out).toMatch(/^ {2}SHA-256 +[0-9a-f]{64}, not f20805a3/m);
    expect(out).toMatch(/^ {2}input +data float32 \[1,3,224,224\]$/m);
    expect(out).toMatch(
      /^ {2}feature +vgg0_dense1_relu_fwd, 4096 numbers, scaled to length 6 \(known names: vgg0_dense1_relu_fwd, flatten_70\)$/m,
    );
    expect(out).toMatch(/^ {2}source +ONNX Model Zoo.*Apache License 2\.0$/m);
  });

  test('of a quantised file, and of one that has none of the tensors', async () => {
    const int8 = await writeVggShaped(join(folder, 'int8.onnx'), { quantised: true });
    const { out } = await models('info', 'vgg16-int8', '--encoder-file', int8);
    expect(out).toMatch(/^ {2}feature +vgg0_dense1_relu_fwd, 4096 numbers.*, from its 8-bit numbers/m);
    expect((await models('info', 'resnet50', '--encoder-file', int8)).out).toMatch(
      /^ {2}feature +none of the known tensors \(pool\): it can't be used$/m,
    );
    await writeFile(join(folder, 'text.onnx'), 'no weights');
    expect(await models('info', 'vgg16', '--encoder-file', join(folder, 'text.onnx'))).toMatchObject({
      status: 2,
      err: expect.stringMatching(/^caption: expected .*text\.onnx to be an ONNX file but/),
    });
  });

  test('of nobody', async () => {
    expect(await models('info', 'vgg-16')).toEqual({
      status: 2,
      out: '',
      err: 'caption: expected a model, an encoder or a model folder but got vgg-16\nhint: did you mean vgg16?\n',
    });
  });
});

describe('verify', () => {
  test('all that is installed: what ships is right', async () => {
    const { status, out, err } = await models('verify');
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(out).toMatch(/^resnet50: ok\nefficientnet-lite4: ok\ndefault: ok, test picture: [a-z ]+\n$/);
  });

  test('a model, with the network in another place', async () => {
    const right = await models('verify', trained, '--encoder-file', shapes.network);
    expect(right).toMatchObject({ status: 0, err: '' });
    expect(right.out).toMatch(/^model: ok, test picture: a \w+ \w+ on a white wall\n$/);
  });

  test('every problem is a line, and the status 1', async () => {
    await placeVgg();
    await models('import', trained, '--name', 'good');
    await models('import', trained, '--name', 'bad');
    await models('import', trained, '--name', 'swapped');
    const bad = join(home, 'models', 'bad');
    await writeFile(join(bad, 'vocabulary.json'), '["<pad>"]');
    // Graphs of another model, with the right hashes: only their interface tells.
    const swapped = join(home, 'models', 'swapped', 'model.json');
    const manifest = JSON.parse(await readFile(swapped, 'utf8'));
    manifest.decoder.hiddenSize = 47;
    manifest.encoder.networks[0].sha256 = 'f'.repeat(64);
    await writeFile(swapped, JSON.stringify(manifest));
    expect((await models('verify', 'good')).out).toMatch(/^good: ok, test picture: /);
    expect(await models('verify', 'vgg16')).toEqual({
      status: 1,
      out: '',
      err: expect.stringMatching(
        /^vgg16: expected .*vgg16-7\.onnx to have SHA-256 f20805a3\w+ but got \w+\n1 problem\n$/,
      ),
    });
    expect(await models('verify', 'bad')).toEqual({
      status: 1,
      out: '',
      err: expect.stringMatching(
        /^bad: .*vocabulary\.json is not the file that model\.json describes\n1 problem\n$/,
      ),
    });
    const lines = (await models('verify', 'swapped')).err.split('\n');
    expect(lines[0]).toMatch(/^swapped: expected .*vgg16-7\.onnx to have SHA-256 f{64} but got \w+$/);
    expect(lines[1]).toMatch(/^swapped: .*onnx doesn't fit model\.json: expected /);
    expect(lines.slice(2)).toEqual(['2 problems', '']);
  });
});

describe('pull', () => {
  test('without a network: the file’s address and its place', async () => {
    const { status, out, err } = await models('pull', 'vgg16', '--mirror', 'http://127.0.0.1:9/');
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toMatch(
      /^caption: cannot reach 127\.0\.0\.1:9: .*\nhint: get https:\/\/huggingface\.co\/.*\/vgg16-7\.onnx on another machine and put it at .*home\/encoders\/vgg16-7\.onnx, or name a mirror with --mirror\n$/,
    );
  });

  test('a mirror with another file, named by the environment', async () => {
    const server = await HttpServer.start();
    try {
      server.put('/zoo/vgg16-7.onnx', Buffer.alloc(1000));
      vi.stubEnv('CAPTION_MIRROR', server.url('/zoo/'));
      const { status, err } = await models('pull', 'vgg16');
      expect(status).toBe(2);
      expect(err).toMatch(/^caption: expected vgg16-7\.onnx to have 553437328 bytes but got 1000\n/);
      expect(await readdir(join(home, 'encoders'))).toEqual([]);
    } finally {
      await server.close();
    }
  });

  test('Ctrl-C keeps what has come', async () => {
    const server = await HttpServer.start();
    try {
      // As long as the real one says it is, and stuck behind the first bytes.
      server.put('/vgg16-12-int8.onnx', Buffer.alloc(200_000));
      server.always('/vgg16-12-int8.onnx', { stall: 200_000, lengthOff: 138_407_238 - 200_000 });
      const call = ['models', 'pull', 'vgg16-int8', '--mirror', server.url('/')];
      const part = join(home, 'encoders', 'vgg16-12-int8.onnx.part');
      const { child, outcome } = start(call, { cwd: folder });
      await vi.waitUntil(() => statSync(part, { throwIfNoEntry: false })?.size === 200_000, 10_000);
      child.kill('SIGINT');
      expect(await outcome).toEqual({
        status: 130,
        out: '',
        err: 'interrupted; caption models pull vgg16-int8 goes on where it stopped\n',
      });
      expect((await stat(part)).size).toBe(200_000);
    } finally {
      await server.close();
    }
  });

  test('what is there stays', async () => {
    const path = await placeVgg();
    expect(await models('pull', 'vgg16')).toMatchObject({
      status: 2,
      err: expect.stringMatching(
        new RegExp(
          `^caption: expected ${path} to be the file that caption models pull vgg16 gets but it is another\nhint: caption models remove vgg16 makes room`,
        ),
      ),
    });
  });

  test('what can’t be pulled', async () => {
    expect(await models('pull', 'vgg11')).toMatchObject({
      status: 2,
      err: 'caption: expected one of vgg16, vgg16-int8, vgg19 but got vgg11\nhint: did you mean vgg16?\n',
    });
    expect(await models('pull', 'vgg16', '--mirror', 'ftp://x')).toMatchObject({
      status: 2,
      err: 'caption: expected an address such as https://example.org/file but got ftp://x\n',
    });
  });
});

describe('import, use, export, remove', () => {
  test('a trained model under a name', async () => {
    const [first] = shapes.pictures;
    const imported = await models('import', trained, '--name', 'shapes');
    const path = join(home, 'models', 'shapes');
    expect(imported).toEqual({
      status: 0,
      out: '',
      err: `${path} is there\ntry it: caption --model shapes photo.jpg\n`,
    });
    expect(await captionWithin(['--model', 'shapes', first!.path])).toMatchObject({
      status: 2,
      err: expect.stringMatching(
        /encoders\/vgg16-7\.onnx but there is no such file\nhint: caption models pull vgg16 gets it; or put /,
      ),
    });
    const network = await placeVgg();
    expect(await captionWithin(['--model', 'shapes', first!.path])).toMatchObject({
      status: 0,
      out: `${first!.caption}\n`,
    });
    expect(await models('remove', 'vgg16')).toEqual({
      status: 0,
      out: '',
      err: `removed ${network}\n1.2 MB are free\nshapes cannot caption without vgg16\n`,
    });
    expect(await models('remove', 'shapes')).toMatchObject({
      status: 0,
      err: expect.stringMatching(/^removed .*shapes\n\d+ kB are free\n$/),
    });
    expect(await models('remove', 'shapes')).toMatchObject({ status: 2 });
    expect(await readdir(join(home, 'models'))).toEqual([]);
  });

  test('an exported model is a model folder again', async () => {
    const to = join(folder, 'exported');
    const call = ['export', trained, '--to', to, '--encoder-file', shapes.network];
    expect(await models(...call)).toEqual({
      status: 0,
      out: '',
      err: `${to} holds model for any ONNX Runtime\n`,
    });
    expect(await models(...call)).toMatchObject({
      status: 2,
      err: expect.stringMatching(
        /^caption: expected --to to be a new or empty folder but got .*exported, which holds \d files\n/,
      ),
    });
    expect(await models('import', to, '--name', 'back')).toMatchObject({ status: 0 });
    expect(await models('verify', 'back', '--encoder-file', shapes.network)).toMatchObject({ status: 0 });
  });

  test('wrong calls', async () => {
    for (const [args, message] of [
      [['export', 'vgg16', '--to', 'x'], 'expected a model to export but got vgg16, which is an encoder'],
      [
        ['export', trained, '--to', shapes.data],
        /^expected --to to be a new or empty folder but got .*ENOTDIR/,
      ],
      [
        ['remove', 'default'],
        'expected a model or encoder of your own but got default, which ships with caption',
      ],
      [['import', shapes.folder], /^expected a model folder but got .*, which has no model\.json$/],
      [['pul', 'vgg16'], "unknown command 'pul'"],
      [
        ['info', trained, '--encoder-file', 'x'],
        /^expected --encoder-file together with an encoder but got the model /,
      ],
    ] as const) {
      const { status, out, err } = await models(...args);
      expect({ status, out }).toEqual({ status: 2, out: '' });
      expect(err.split('\n')[0]!.replace('caption: ', '')).toMatch(message);
    }
  });
});
