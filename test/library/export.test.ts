import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Captioner } from '../../src/captioning/captioner.ts';
import { initialWeights } from '../../src/decoder/parameters.ts';
import { exportModel } from '../../src/library/export.ts';
import { findModel, type ModelFolder, readModel, writeModel } from '../../src/library/model-folder.ts';
import { onnxModel, onnxNode, onnxTensor, onnxValue } from '../../src/onnx/proto.ts';
import { type FloatTensor, Session } from '../../src/onnx/session.ts';
import { Random } from '../../src/random.ts';
import { Vocabulary } from '../../src/text/vocabulary.ts';
import type { EncoderDefinition, NetworkDefinition } from '../../src/vision/definition.ts';
import { Encoder } from '../../src/vision/encoder.ts';
import { encoderFiles } from '../../src/vision/encoders.ts';
import { type TrainedShapes, trainedShapes } from '../helpers/trained-shapes.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caption-export-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A photograph at a size of its own, as the PPM that the lines of README.md read and as a PNG for us. */
async function photograph(source: string, width?: number): Promise<{ ppm: string; png: string }> {
  const { data, info } = await sharp(source)
    .autoOrient()
    .flatten()
    .resize(width)
    .raw()
    .toBuffer({ resolveWithObject: true });
  const ppm = join(folder, 'photo.ppm');
  const png = join(folder, 'photo.png');
  const header = `P6\n# a comment\n${info.width} ${info.height}\n255\n`;
  await writeFile(ppm, Buffer.concat([Buffer.from(header), data]));
  await sharp(data, { raw: info }).png().toFile(png);
  return { ppm, png };
}

describe('the lines in README.md, with nothing but onnxruntime-node', () => {
  let program: string;
  beforeAll(async () => {
    const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
    const [, lines] = /^## Anywhere else$.*?^```js\n(.*?)^```$/ms.exec(readme)!;
    expect(lines!.split('\n').length).toBeLessThanOrEqual(60);
    const alone = join(folder, 'alone');
    program = join(alone, 'caption.mjs');
    await mkdir(join(alone, 'node_modules'), { recursive: true });
    await writeFile(program, lines!);
    const package_ = join('node_modules', 'onnxruntime-node');
    await symlink(join(ROOT, package_), join(alone, package_), 'junction');
  });

  async function expectCaption(model: string, photo: { ppm: string; png: string }, captioner: Captioner) {
    const { stdout, stderr } = await run(process.execPath, [program, model, photo.ppm]);
    expect(stderr).toBe('');
    expect(stdout).toBe(`${await captioner.caption(photo.png)}\n`);
    return stdout;
  }

  test('the model that ships says what we say, whatever the size of the photograph', async () => {
    const model = await readModel(await findModel('default'));
    const to = join(folder, 'default');
    await exportModel(model, { to, encoderFiles: encoderFiles(model.manifest.encoder) });
    const captioner = await Captioner.open(model);
    for (const [name, width] of [
      ['cat'],
      ['cat', 180],
      ['cat', 2000],
      ['coffee'],
      ['coffee', 320],
    ] as const) {
      await expectCaption(to, await photograph(join(ROOT, 'data', `${name}.jpg`), width), captioner);
    }
    await captioner.release();
  });

  describe('a VGG16-shaped model', () => {
    let trained: TrainedShapes;
    beforeAll(async () => {
      trained = await trainedShapes();
    });
    afterAll(() => rm(trained.folder, { recursive: true }));

    test('says what it has learnt', async () => {
      const { shapes } = trained;
      const to = join(folder, 'shapes');
      const model = await readModel(trained.model);
      await exportModel(model, { to, encoderFiles: [shapes.network] });
      const captioner = await Captioner.open(model, { encoderFile: shapes.network });
      for (const [i, width] of [200, 700].entries()) {
        const { path, caption } = shapes.pictures[2 * i]!;
        expect(await expectCaption(to, await photograph(path, width), captioner)).toBe(`${caption}\n`);
      }
      await captioner.release();

      // The folder is a model folder as well.
      expect((await readModel(to)).manifest).toEqual(model.manifest);
      expect(await readdir(to)).not.toContain('card.md');
    });
  });
});

describe('any encoder', () => {
  const SIZE = 16;
  const network = (change: Partial<NetworkDefinition>): NetworkDefinition => ({
    ...{ file: 'net.onnx', sha256: null, input: { name: 'image', layout: 'NCHW' }, features: ['pool'] },
    ...{ featureSize: 3, maxBatch: 1, l2: 6 },
    preprocessing: {
      ...{ resize: { kind: 'squash' }, size: SIZE, channels: 'RGB', scale: 1 / 255 },
      ...{ mean: [0.4, 0.5, 0.6], std: [0.2, 0.3, 0.4] },
    },
    ...change,
  });

  /** An ONNX file that looks at three places of the picture; `dims` are those of its input. */
  async function writeNetwork(
    name: string,
    dims: readonly (number | string)[],
    nodes = POOL,
  ): Promise<string> {
    const bytes = onnxModel({
      name,
      inputs: [onnxValue('image', 'float32', dims)],
      outputs: [onnxValue('classes', 'float32', [1, 'n'])],
      initializers: [
        onnxTensor('quarter', [2], BigInt64Array.of(4n, 4n)),
        onnxTensor('pool_scale', [], Float32Array.of(0.02)),
        onnxTensor('pool_zero_point', [], Uint8Array.of(100)),
      ],
      nodes,
    });
    await writeFile(join(folder, name), bytes);
    return join(folder, name);
  }
  const POOL = [
    onnxNode('CenterCropPad', ['image', 'quarter'], ['centre'], { axes: [2, 3] }),
    onnxNode('GlobalAveragePool', ['centre'], ['pool']),
    onnxNode('Softmax', ['pool'], ['classes']),
  ];
  const LAST_CHANNELS = [
    onnxNode('Transpose', ['image'], ['turned'], { perm: [0, 3, 1, 2] }),
    onnxNode('GlobalMaxPool', ['turned'], ['pool']),
    onnxNode('Softmax', ['pool'], ['classes']),
  ];
  const QUANTISED = [
    onnxNode('GlobalAveragePool', ['image'], ['average']),
    onnxNode('QuantizeLinear', ['average', 'pool_scale', 'pool_zero_point'], ['pool_quantized']),
    onnxNode('DequantizeLinear', ['pool_quantized', 'pool_scale', 'pool_zero_point'], ['read']),
    onnxNode('Softmax', ['read'], ['classes']),
  ];

  async function modelOf(networks: readonly NetworkDefinition[], name: string): Promise<ModelFolder> {
    const vocabulary = new Vocabulary(['<pad>', '<start>', '<end>', '<unk>', 'a', 'dog']);
    const featureSize = networks.length * 3;
    const encoder: EncoderDefinition = { name: 'own', description: '', networks, featureSize };
    const decoder = {
      ...({ cell: 'lstm', mode: 'init', layers: 2 } as const),
      ...{ embeddingSize: 2, hiddenSize: 4, featureSize, vocabularySize: vocabulary.size },
    };
    const path = join(folder, name);
    await writeModel(
      path,
      {
        ...{ name, encoder, decoder, training: {} },
        decoding: { beam: 1, minLength: 1, maxLength: 4, lengthPenalty: 0 },
      },
      vocabulary,
      initialWeights(decoder, new Random(1)),
    );
    return readModel(path);
  }

  const firstState = async (graph: Uint8Array, feeds: Parameters<Session['run']>[0]) => {
    const session = await Session.load(graph, { threads: 1 });
    const state = await session.run(feeds);
    await session.release();
    return state;
  };

  test('several networks, channels last, batches of one, 8-bit features: the state is the one that we compute', async () => {
    const networks = [
      network({}),
      network({ input: { name: 'image', layout: 'NHWC' }, l2: null }),
      network({
        preprocessing: {
          ...{ resize: { kind: 'crop', shortSide: 20 }, size: SIZE, channels: 'BGR', scale: 1 },
          ...{ mean: [103, 116, 123], std: [50, 60, 70] },
        },
      }),
    ];
    const files = [
      await writeNetwork('first.onnx', [1, 3, SIZE, SIZE]),
      await writeNetwork('last-channels.onnx', ['N', SIZE, SIZE, 3], LAST_CHANNELS),
      await writeNetwork('quantised.onnx', [1, 3, SIZE, SIZE], QUANTISED),
    ];
    const model = await modelOf(networks, 'three');
    const to = join(folder, 'three-exported');
    await exportModel(model, { to, encoderFiles: files });

    const photo = join(ROOT, 'data', 'coffee.jpg');
    const encoder = await Encoder.load(model.manifest.encoder, files);
    const feature = await encoder.encode([photo]);
    await encoder.release();
    const expected = await firstState(model.start, { image: { dims: [1, 9], data: feature } });
    const { data, info } = await sharp(photo).raw().toBuffer({ resolveWithObject: true });
    const got = await firstState(await readFile(join(to, 'encoder.onnx')), {
      image: { dims: [info.height, info.width, 3], data },
    });
    expect(Object.keys(got).sort()).toEqual(['c0', 'c1', 'h0', 'h1']);
    for (const [name, { dims, data }] of Object.entries<FloatTensor>(expected)) {
      expect(got[name]!.dims).toEqual(dims);
      // Sharp brings a photograph down while it decodes it, which costs up to a step of 256 here and there.
      expect([...got[name]!.data]).toEqual([...data].map((value) => expect.closeTo(value, 1)));
    }
  });

  test('a file that is not the one of the training', async () => {
    const file = await writeNetwork('plain.onnx', [1, 3, SIZE, SIZE]);
    const model = await modelOf([network({ sha256: 'f'.repeat(64) })], 'other-file');
    const to = join(folder, 'never');
    await expect(exportModel(model, { to, encoderFiles: [file] })).rejects.toThrow(
      /^expected .*plain\.onnx to have SHA-256 f{64} but got [0-9a-f]{64}$/,
    );
    await expect(exportModel(model, { to, encoderFiles: [] })).rejects.toThrow(
      'expected 1 files for encoder own but got 0',
    );
    const missing = join(folder, 'missing.onnx');
    await expect(exportModel(model, { to, encoderFiles: [missing] })).rejects.toThrow(
      /^cannot read .*missing\.onnx: ENOENT/,
    );
    expect(existsSync(to)).toBe(false);
  });

  test.each([
    [
      'has no such feature',
      { features: ['fc7'] },
      /^expected .* to compute fc7 but its last tensors are centre, pool, classes$/,
    ],
    ['is no ONNX file', {}, /^expected .* to be an ONNX file but it has no graph that can be read$/],
  ] as const)('a file that %s', async (what, change, message) => {
    const file = await writeNetwork('wrong.onnx', [1, 3, SIZE, SIZE]);
    if (what === 'is no ONNX file') await writeFile(file, 'nothing of the kind');
    const model = await modelOf([network(change)], 'wrong');
    await expect(exportModel(model, { to: join(folder, 'never'), encoderFiles: [file] })).rejects.toThrow(
      message,
    );
    await expect(
      exportModel(model, { to: join(folder, 'never'), encoderFiles: [file] }),
    ).rejects.toMatchObject({
      name: 'UserError',
    });
  });

  test('the card goes along', async () => {
    const model = await modelOf([network({})], 'with-card');
    await writeFile(join(model.path, 'card.md'), 'all about it\n');
    const file = await writeNetwork('carded.onnx', [1, 3, SIZE, SIZE]);
    const to = join(folder, 'carded');
    await exportModel(model, { to, encoderFiles: [file] });
    expect(await readFile(join(to, 'card.md'), 'utf8')).toBe('all about it\n');
  });
});
