import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { encodeNetwork, type Network } from '../../scripts/encoders/network.ts';
import { checkIntegrity } from '../../scripts/encoders/npm-package.ts';
import { dequantizeWeights, quantizeNetwork, quantizeWeights } from '../../scripts/encoders/quantize.ts';
import { readTflite } from '../../scripts/encoders/tflite.ts';
import { cosine, verify } from '../../scripts/encoders/verify.ts';
import { Session } from '../../src/onnx/session.ts';
import { encoderDefinition } from '../../src/vision/encoders.ts';
import { readPixels } from '../../src/vision/pixels.ts';

describe('quantizeWeights', () => {
  const weights = {
    dims: [3, 4],
    values: Float32Array.of(1, -2, 0.5, 0.3, 0, 0, 0, 0, 0.01, 0.02, -0.03, 0.004),
  };

  it('gives every output channel the scale at which its largest weight is 127', () => {
    const { values, scales } = quantizeWeights(weights);
    expect(scales).toEqual(Float32Array.of(2 / 127, 0, 0.03 / 127));
    expect([...values]).toEqual([64, -127, 32, 19, 0, 0, 0, 0, 42, 85, -127, 17]);
  });

  it('is undone to within half a step', () => {
    const quantized = quantizeWeights(weights);
    const { values } = dequantizeWeights(quantized);
    for (const [i, value] of values.entries()) {
      const step = quantized.scales[Math.floor(i / 4)]!;
      expect(Math.abs(value - weights.values[i]!)).toBeLessThanOrEqual(0.501 * step);
    }
  });
});

describe('checkIntegrity', () => {
  const bytes = Buffer.from('a tarball');
  const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;

  it('accepts the pinned bytes and names the file that has others', () => {
    expect(() => checkIntegrity(bytes, integrity, 'a.tgz')).not.toThrow();
    expect(() => checkIntegrity(Buffer.from('a tarbell'), integrity, 'a.tgz')).toThrow(
      /^expected a\.tgz to have the integrity sha512-.* but got sha512-/,
    );
  });
});

describe('verify', () => {
  const preprocessing = { ...encoderDefinition('resnet50').networks[0]!.preprocessing, size: 4 };
  /** Class b is the sum of the channels, class a its negative; BGR minus the mean is negative on a dark photo. */
  const network: Network = {
    name: 'tiny',
    description: '',
    size: 4,
    featureSize: 3,
    layers: [
      {
        kind: 'convolution',
        input: 'image',
        output: 'c',
        weights: { dims: [3, 3, 1, 1], values: Float32Array.of(1, 0.3, 0, 0, 1, 0.3, 0.3, 0, 1) },
        bias: new Float32Array(3),
        strides: [1, 1],
        pads: [0, 0, 0, 0],
        groups: 1,
        activation: 'none',
      },
    ],
    top: {
      weights: { dims: [2, 3], values: Float32Array.of(-0.1, -0.1, -0.1, 0.1, 0.1, 0.1) },
      bias: new Float32Array(2),
    },
  };
  const stored = encodeNetwork(
    quantizeNetwork(network, () => false),
    { top: false },
  );
  const check = (bytes: Uint8Array, ...classes: string[]) =>
    verify(
      network,
      bytes,
      preprocessing,
      ['a', 'b'],
      [{ path: 'data/coffee.jpg', classes }],
      ['data/cat.jpg'],
    );

  it('reports the classes, the cosine and the times', async () => {
    const { classes, cosine, msPerImage } = await check(stored, 'a');
    expect(classes).toMatchObject([{ path: 'data/coffee.jpg', likeliest: [{ label: 'a' }, { label: 'b' }] }]);
    expect(cosine.photos).toBe(2);
    expect(cosine.least).toBeGreaterThan(0.9999);
    expect(cosine.least).toBeLessThanOrEqual(cosine.mean);
    expect(msPerImage.map(({ batch }) => batch)).toEqual([1, 8]);
  });

  it('refuses a wrong class', async () => {
    await expect(check(stored, 'b', 'c')).rejects.toThrow(
      'expected tiny to see one of b, c in data/coffee.jpg but got a',
    );
  });

  it('refuses a stored file whose features stray', async () => {
    const values = Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, -1);
    const layers = network.layers.map((layer) => ({ ...layer, weights: { dims: [3, 3, 1, 1], values } }));
    const other = encodeNetwork({ ...network, layers }, { top: false });
    await expect(check(other, 'a')).rejects.toThrow(
      /^expected tiny's features of data\/coffee\.jpg to have a cosine of at least 0\.999 but got /,
    );
  });
});

describe('readTflite', () => {
  it('refuses other files', () => {
    expect(() => readTflite(Buffer.from('not a model at all'), 'x.tflite')).toThrow(
      'expected x.tflite to be a TensorFlow Lite file but its identifier is not TFL3',
    );
  });
});

describe.each(['resnet50', 'efficientnet-lite4'])('the shipped %s', (name) => {
  const { file, featureSize, preprocessing } = encoderDefinition(name).networks[0]!;
  const bytes = readFileSync(`models/encoders/${file}`);

  it('is the file that models/encoders/README.md describes', () => {
    const readme = readFileSync('models/encoders/README.md', 'utf8');
    expect(readme).toContain(createHash('sha256').update(bytes).digest('hex'));
  });

  it('gives each photograph of a batch the features it has alone, and different ones to different photographs', async () => {
    const { size } = preprocessing;
    const session = await Session.load(bytes);
    expect(session.inputs).toEqual([{ name: 'image', type: 'float32', dims: ['B', 3, size, size] }]);
    expect(session.outputs).toEqual([{ name: 'pool', type: 'float32', dims: ['B', featureSize] }]);
    const cat = await readPixels('data/cat.jpg', preprocessing);
    const coffee = await readPixels('data/coffee.jpg', preprocessing);
    const both = new Float32Array(2 * cat.length);
    both.set(cat);
    both.set(coffee, cat.length);
    const alone = (await session.run({ image: { dims: [1, 3, size, size], data: coffee } })).pool!;
    const pair = (await session.run({ image: { dims: [2, 3, size, size], data: both } })).pool!;
    await session.release();
    expect(pair.dims).toEqual([2, featureSize]);
    const [ofCat, ofCoffee] = [pair.data.subarray(0, featureSize), pair.data.subarray(featureSize)];
    expect(cosine(ofCoffee, alone.data)).toBeGreaterThan(0.99999);
    expect(cosine(ofCat, ofCoffee)).toBeLessThan(0.7);
  });
});
