import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { onnxModel, onnxNode, onnxTensor, onnxValue } from '../../src/onnx/proto.ts';
import { tensorNames } from '../../src/onnx/tensor-names.ts';
import { type EncoderDefinition, mirrored, type NetworkDefinition } from '../../src/vision/definition.ts';
import { Encoder, encoderHash } from '../../src/vision/encoder.ts';
import { encoderDefinition, encoderFiles } from '../../src/vision/encoders.ts';
import { featureTensor } from '../../src/vision/feature-tensor.ts';
import { FC7_SCALE, writeVggShaped } from '../helpers/vgg-shaped.ts';

const OPTIONS = { threads: 1 };

let folder: string;
let vgg: string;
let photos: Buffer[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caption-encoder-'));
  vgg = await writeVggShaped(join(folder, 'vgg.onnx'));
  photos = await Promise.all([1, 2, 3, 4, 5].map(photo));
});
afterAll(() => rm(folder, { recursive: true }));

/** A PNG of blurred noise, different for every seed. */
async function photo(seed: number): Promise<Buffer> {
  const size = 40;
  const data = Buffer.from(
    Array.from({ length: 3 * size * size }, (_, i) => (i * i * seed * 31 + i * 17) % 256),
  );
  return sharp(data, { raw: { width: size, height: size, channels: 3 } })
    .resize(300, 260, { fit: 'fill' })
    .png()
    .toBuffer();
}

/**
 * A network that can be checked by hand: the feature is the mean of each channel, and `doubled` twice that.
 * `pool` is [B,3,1,1], neither is declared: the only output is `top`.
 */
function meanNetwork(size: number, dims: readonly (number | string)[] = ['B', 3, size, size]): Uint8Array {
  return onnxModel({
    name: 'mean',
    inputs: [onnxValue('image', 'float32', dims)],
    outputs: [onnxValue('top', 'float32', ['B', 3])],
    initializers: [onnxTensor('two', [], Float32Array.of(2))],
    nodes: [
      onnxNode('GlobalAveragePool', ['image'], ['pool']),
      onnxNode('Flatten', ['pool'], ['flat']),
      onnxNode('Mul', ['flat', 'two'], ['doubled']),
      onnxNode('Relu', ['doubled'], ['top']),
    ],
  });
}

function meanDefinition(changes: Partial<NetworkDefinition> = {}): EncoderDefinition {
  const network: NetworkDefinition = {
    file: 'mean.onnx',
    sha256: null,
    input: { name: 'image', layout: 'NCHW' },
    features: ['pool'],
    featureSize: 3,
    maxBatch: 4,
    preprocessing: {
      resize: { kind: 'squash' },
      size: 16,
      channels: 'RGB',
      scale: 1,
      mean: [0, 0, 0],
      std: [1, 1, 1],
    },
    l2: null,
    ...changes,
  };
  return { name: 'mean', description: 'mean colour', networks: [network], featureSize: network.featureSize };
}

async function write(name: string, bytes: Uint8Array | string): Promise<string> {
  await writeFile(join(folder, name), bytes);
  return join(folder, name);
}

const plain = (colour: { r: number; g: number; b: number }) =>
  sharp({ create: { width: 20, height: 10, channels: 3, background: colour } })
    .png()
    .toBuffer();

function length(vector: Float32Array): number {
  return Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
}

describe('a file of the ONNX zoo’s VGG16 shape', () => {
  test('its undeclared fc7 is read, as long as the definition says', async () => {
    expect(tensorNames(await readFile(vgg))?.outputs).toEqual(['vgg0_dense2_fwd']);
    const encoder = await Encoder.load(encoderDefinition('vgg16'), [vgg], OPTIONS);
    const features = await encoder.encode(photos.slice(0, 2));
    expect(encoder.definition.featureSize).toBe(4096);
    expect(features.length).toBe(2 * 4096);
    // Behind a ReLU: nothing is negative, and about half of it is zero.
    expect(Math.min(...features)).toBe(0);
    expect(length(features.subarray(0, 4096))).toBeCloseTo(6, 4);
    expect(length(features.subarray(4096))).toBeCloseTo(6, 4);
    expect([...features.subarray(0, 4096)]).not.toEqual([...features.subarray(4096)]);
    await encoder.release();
  });

  test('vgg19 and vgg16-caffe read theirs; preprocessing makes the difference', async () => {
    const [zoo, caffe] = await Promise.all(
      ['vgg19', 'vgg16-caffe'].map(async (name) => {
        const encoder = await Encoder.load(encoderDefinition(name), [vgg], OPTIONS);
        const features = await encoder.encode(photos.slice(0, 1));
        await encoder.release();
        return features;
      }),
    );
    expect(length(zoo!)).toBeCloseTo(6, 4);
    expect([...zoo!]).not.toEqual([...caffe!]);
  });

  test('many images one by one, since its batch is fixed at 1', async () => {
    const encoder = await Encoder.load(encoderDefinition('vgg16'), [vgg], OPTIONS);
    const together = await encoder.encode(photos.slice(0, 3));
    const second = await encoder.encode([photos[1]!]);
    expect(together.subarray(4096, 2 * 4096)).toEqual(second);
    await encoder.release();
  });
});

describe('a file of 8-bit numbers', () => {
  test('fc7 is computed from them, with the scale and the zero point beside them', async () => {
    const file = await writeVggShaped(join(folder, 'int8.onnx'), { quantised: true });
    const names = tensorNames(await readFile(file))!;
    const { networks } = encoderDefinition('vgg16-int8');
    for (const name of networks[0]!.features) expect(names.computed).not.toContain(name);
    const unscaled = { ...encoderDefinition('vgg16-int8'), networks: [{ ...networks[0]!, l2: null }] };
    const encoder = await Encoder.load(unscaled, [file], OPTIONS);
    const features = await encoder.encode(photos.slice(0, 2));
    await encoder.release();
    expect(features.length).toBe(2 * 4096);
    // Every value is a whole number of steps, from 0 (what the ReLU leaves of the negative ones) to 255.
    const steps = [...features].map((value) => value / FC7_SCALE);
    expect(steps.every((step) => Math.abs(step - Math.round(step)) < 1e-3 && step >= 0 && step <= 255)).toBe(
      true,
    );
    expect(new Set(steps.map(Math.round)).size).toBeGreaterThan(50);
    expect([...features.subarray(0, 4096)]).not.toEqual([...features.subarray(4096)]);
  });

  test('a float tensor is preferred, and the scale has to be there', () => {
    const wanted = ['fc7', 'flat'];
    const constants = ['fc7_scale', 'fc7_zero_point'];
    const both = { outputs: [], computed: ['fc7_quantized', 'flat'], constants };
    expect(featureTensor(both, wanted)).toMatchObject({ name: 'flat', quantised: false });
    const bytes = { outputs: [], computed: ['fc7_quantized'], constants };
    expect(featureTensor(bytes, wanted)).toMatchObject({ name: 'fc7', quantised: true });
    expect(featureTensor({ ...bytes, constants: ['fc7_scale'] }, wanted)).toBeUndefined();
    expect(featureTensor({ ...both, outputs: ['flat'] }, wanted)?.addition.length).toBe(0);
  });
});

describe('encode', () => {
  test('the mean colour, by hand; [B,F,1,1] counts as [B,F]', async () => {
    const encoder = await Encoder.load(
      meanDefinition(),
      [await write('mean.onnx', meanNetwork(16))],
      OPTIONS,
    );
    const images = await Promise.all([plain({ r: 10, g: 20, b: 30 }), plain({ r: 200, g: 0, b: 7 })]);
    expect([...(await encoder.encode(images))]).toEqual([10, 20, 30, 200, 0, 7]);
    expect((await encoder.encode([])).length).toBe(0);
    await encoder.release();
  });

  test('an image’s features do not depend on the batch around it', async () => {
    const encoder = await Encoder.load(
      meanDefinition({ maxBatch: 2, l2: 6 }),
      [await write('mean.onnx', meanNetwork(16))],
      OPTIONS,
    );
    const together = await encoder.encode(photos);
    for (const [i, photo] of photos.entries()) {
      expect(await encoder.encode([photo])).toEqual(together.subarray(3 * i, 3 * i + 3));
    }
    await encoder.release();
  });

  test('the first tensor that the file has is read', async () => {
    const file = await write('mean.onnx', meanNetwork(16));
    const encoder = await Encoder.load(
      meanDefinition({ features: ['fc7', 'doubled', 'pool'] }),
      [file],
      OPTIONS,
    );
    expect([...(await encoder.encode([await plain({ r: 1, g: 2, b: 3 })]))]).toEqual([2, 4, 6]);
    await encoder.release();
  });

  test('several networks stand side by side, each scaled on its own', async () => {
    const [one] = meanDefinition({ l2: 5 }).networks;
    const [two] = meanDefinition({
      l2: null,
      features: ['top'],
      preprocessing: { ...one!.preprocessing, size: 8, channels: 'BGR' },
    }).networks;
    const both: EncoderDefinition = { name: 'both', description: '', networks: [one!, two!], featureSize: 6 };
    const files = [await write('one.onnx', meanNetwork(16)), await write('two.onnx', meanNetwork(8))];
    const encoder = await Encoder.load(both, files, OPTIONS);
    const images = await Promise.all([plain({ r: 30, g: 40, b: 0 }), plain({ r: 0, g: 0, b: 9 })]);
    const features = await encoder.encode(images);
    for (const [i, wanted] of [3, 4, 0, 0, 80, 60, 0, 0, 5, 18, 0, 0].entries()) {
      expect(features[i]).toBeCloseTo(wanted, 5);
    }
    await encoder.release();
  });

  test('a black picture has no direction: zeros, not NaN', async () => {
    const encoder = await Encoder.load(
      meanDefinition({ l2: 6 }),
      [await write('mean.onnx', meanNetwork(16))],
      OPTIONS,
    );
    expect([...(await encoder.encode([await plain({ r: 0, g: 0, b: 0 })]))]).toEqual([0, 0, 0]);
    await encoder.release();
  });
});

describe('the hash of an encoder', () => {
  const hashOf = async (definition: EncoderDefinition, file: string) => {
    const encoder = await Encoder.load(definition, [file], OPTIONS);
    await encoder.release();
    return encoderHash(encoder.definition);
  };

  test('stays, and changes with the file, the tensor, the preprocessing and the normalisation', async () => {
    const file = await write('mean.onnx', meanNetwork(16));
    const other = await write('other.onnx', meanNetwork(16, [1, 3, 16, 16]));
    const base = await hashOf(meanDefinition(), file);
    expect(base).toMatch(/^[0-9a-f]{64}$/);
    expect(await hashOf({ ...meanDefinition({ maxBatch: 1 }), name: 'renamed' }, file)).toBe(base);
    const { preprocessing } = meanDefinition().networks[0]!;
    const changed = [
      await hashOf(meanDefinition(), other),
      await hashOf(meanDefinition({ features: ['doubled'] }), file),
      await hashOf(meanDefinition({ preprocessing: { ...preprocessing, mean: [1, 0, 0] } }), file),
      await hashOf(meanDefinition({ preprocessing: { ...preprocessing, mirror: true } }), file),
      await hashOf(meanDefinition({ l2: 6 }), file),
    ];
    expect(new Set([base, ...changed]).size).toBe(6);
    const unmirrored = meanDefinition({ preprocessing: { ...preprocessing, mirror: false } });
    expect(await hashOf(unmirrored, file)).toBe(base);
  });

  test('is still the one that features were kept under before there were mirrored views', () => {
    const plain = meanDefinition({ sha256: 'a'.repeat(64) });
    expect(encoderHash(plain)).toBe('23cb0a4e0e987ca95805bfb5621c1f1455be8f2b08eddea1521f74defb98db3c');
    expect(encoderHash(mirrored(plain))).not.toBe(encoderHash(plain));
  });

  test('does not hang on the order of keys, which JSON may change', async () => {
    const file = await write('mean.onnx', meanNetwork(16));
    const backwards = JSON.parse(JSON.stringify(meanDefinition()), (_, value) =>
      value !== null && typeof value === 'object' && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).reverse())
        : value,
    );
    expect(await hashOf(backwards, file)).toBe(await hashOf(meanDefinition(), file));
  });

  test('the loaded definition records the SHA-256 of the file', async () => {
    const bytes = meanNetwork(16);
    const encoder = await Encoder.load(meanDefinition(), [await write('mean.onnx', bytes)], OPTIONS);
    expect(encoder.definition.networks[0]!.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
    await encoder.release();
  });
});

describe('files that do not fit', () => {
  const load = (definition: EncoderDefinition, file: string) => Encoder.load(definition, [file], OPTIONS);

  test('another SHA-256', async () => {
    const file = await write('mean.onnx', meanNetwork(16));
    await expect(load(meanDefinition({ sha256: 'f'.repeat(64) }), file)).rejects.toThrow(
      /^expected .*mean\.onnx to have SHA-256 f{64} but got [0-9a-f]{64}$/,
    );
  });

  test('another number of files', async () => {
    const two = encoderDefinition('resnet50+efficientnet-lite4');
    await expect(Encoder.load(two, [vgg], OPTIONS)).rejects.toThrow(
      'expected 2 files for encoder resnet50+efficientnet-lite4 but got 1',
    );
  });

  test('no such tensor: the names tried and the file’s last ones are listed', async () => {
    const file = await write('mean.onnx', meanNetwork(16));
    await expect(load(meanDefinition({ features: ['fc7', 'relu7'] }), file)).rejects.toThrow(
      /^expected .*mean\.onnx to compute fc7 or relu7 but its last tensors are pool, flat, doubled, top$/,
    );
  });

  test('another feature size', async () => {
    const encoder = await load(meanDefinition({ featureSize: 4 }), await write('mean.onnx', meanNetwork(16)));
    await expect(encoder.encode(photos.slice(0, 1))).rejects.toThrow(
      'expected pool of mean.onnx to be [B,4] but got [1,3,1,1]',
    );
    await encoder.release();
  });

  test('another input size', async () => {
    const file = await write('small.onnx', meanNetwork(8));
    await expect(load(meanDefinition(), file)).rejects.toThrow(
      /^expected input image of .*small\.onnx to be float32 \[1 or B,3,16,16\] but got float32 \[B,3,8,8\]$/,
    );
  });

  test('no ONNX, cut short, not there', async () => {
    const text = await write('text.onnx', 'these are no weights');
    await expect(load(meanDefinition(), text)).rejects.toThrow(
      /^expected .*text\.onnx to be an ONNX file but/,
    );
    const cut = await write('cut.onnx', (await readFile(vgg)).subarray(0, 100_000));
    await expect(load(encoderDefinition('vgg16'), cut)).rejects.toThrow(
      /^expected .*cut\.onnx to be an ONNX file but/,
    );
    const none = join(folder, 'none.onnx');
    await expect(load(meanDefinition(), none)).rejects.toThrow(
      /^cannot read the encoder file .*none\.onnx: /,
    );
  });
});

describe('the encoders that ship', () => {
  test.each(['resnet50', 'efficientnet-lite4', 'resnet50+efficientnet-lite4'])('%s', async (name) => {
    const definition = encoderDefinition(name);
    // Loading checks the SHA-256 of each file.
    const encoder = await Encoder.load(definition, encoderFiles(definition), OPTIONS);
    const together = await encoder.encode(photos.slice(0, 2));
    expect(together.length).toBe(2 * encoder.definition.featureSize);
    expect(length(together.subarray(0, encoder.definition.featureSize))).toBeCloseTo(
      6 * Math.sqrt(definition.networks.length),
      4,
    );
    // One image alone or in a batch: the same but for rounding.
    const alone = await encoder.encode(photos.slice(1, 2));
    const dot = alone.reduce(
      (sum, value, i) => sum + value * together[encoder.definition.featureSize + i]!,
      0,
    );
    expect(dot / (length(alone) * length(together.subarray(encoder.definition.featureSize)))).toBeGreaterThan(
      0.99999,
    );
    await encoder.release();
  });
});

describe('encoders by name', () => {
  test('an unknown name lists the known ones', () => {
    expect(() => encoderDefinition('vgg11')).toThrow(
      /^expected --encoder to be one of .*resnet50.*, vgg16, vgg16-int8, vgg19, vgg16-caffe but got vgg11$/,
    );
  });

  test('feature sizes add up', () => {
    expect(encoderDefinition('resnet50+efficientnet-lite4').featureSize).toBe(3328);
    expect(encoderDefinition('vgg19').featureSize).toBe(4096);
  });

  test('--encoder-file stands for the one network of an encoder', () => {
    expect(encoderFiles(encoderDefinition('vgg16'), { encoderFile: 'my.onnx' })).toEqual(['my.onnx']);
    expect(() =>
      encoderFiles(encoderDefinition('resnet50+efficientnet-lite4'), { encoderFile: 'my.onnx' }),
    ).toThrow(
      'expected no --encoder-file with encoder resnet50+efficientnet-lite4, which is made of 2 networks, but got my.onnx',
    );
  });

  test("networks are looked for in this package, then in the user's folder", async () => {
    const shipped = join(folder, 'shipped');
    const home = join(folder, 'home');
    for (const place of [shipped, home]) await mkdir(place, { recursive: true });
    const folders = [shipped, home];
    await writeFile(join(home, 'resnet50.onnx'), '');
    expect(encoderFiles(encoderDefinition('resnet50'), { folders })).toEqual([join(home, 'resnet50.onnx')]);
    await writeFile(join(shipped, 'resnet50.onnx'), '');
    expect(encoderFiles(encoderDefinition('resnet50'), { folders })).toEqual([
      join(shipped, 'resnet50.onnx'),
    ]);
  });

  test.each([
    ['vgg16', 'vgg16-7.onnx', 'caption models pull vgg16 gets it; or put vgg16-7.onnx into '],
    [
      'vgg16-int8',
      'vgg16-12-int8.onnx',
      'caption models pull vgg16-int8 gets it; or put vgg16-12-int8.onnx into ',
    ],
    ['vgg16-caffe', 'vgg16-caffe.onnx', 'put vgg16-caffe.onnx into '],
  ])('the network of %s, which does not ship, is asked for', (name, file, hint) => {
    const home = join(folder, 'no', 'home');
    const find = () => encoderFiles(encoderDefinition(name), { folders: [join(folder, 'none'), home] });
    expect(find).toThrow(
      `expected the network of encoder ${name} at ${join(home, file)} but there is no such file`,
    );
    expect(find).toThrow(
      expect.objectContaining({
        hint: `${hint}${home} by hand, or name it with --encoder-file path`,
      }),
    );
  });

  test('where the user has no other wish, the folder is that of CAPTION_HOME', () => {
    vi.stubEnv('CAPTION_HOME', join(folder, 'mine'));
    expect(() => encoderFiles(encoderDefinition('vgg19'))).toThrow(
      `at ${join(folder, 'mine', 'encoders', 'vgg19-7.onnx')} but there is no such file`,
    );
    vi.unstubAllEnvs();
  });
});
