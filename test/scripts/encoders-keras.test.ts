import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readKeras } from '../../scripts/encoders/keras.ts';
import { resnet50 } from '../../scripts/encoders/resnet50.ts';
import {
  add,
  average,
  expectOutputs,
  map,
  noise,
  type Picture,
  picture,
  slide,
  sum,
} from '../helpers/reference-network.ts';

describe('a Keras network', () => {
  it('computes the same as its layers one after the other', async () => {
    const random = noise(1);
    const weights = new Map<string, { dims: number[]; values: Float32Array }>();
    const weight = (name: string, ...dims: number[]) => {
      const values = random(dims.reduce((a, b) => a * b, 1)).map((value) =>
        name.endsWith('variance') ? value + 1.5 : value,
      );
      weights.set(name, { dims, values });
    };
    const layers: object[] = [];
    const layer = (class_name: string, name: string, from: string[], config: object = {}) =>
      layers.push({
        class_name,
        name,
        config,
        inbound_nodes: from.length ? [from.map((f) => [f, 0, 0, {}])] : [],
      });
    const convolution = (
      name: string,
      from: string,
      kernel: number,
      inputs: number,
      out: number,
      config: object,
    ) => {
      layer('Conv2D', name, [from], config);
      weight(`${name}/kernel`, kernel, kernel, inputs, out);
      weight(`${name}/bias`, out);
      layer('BatchNormalization', `bn_${name}`, [name], { epsilon: 0.25 });
      for (const part of ['gamma', 'beta', 'moving_mean', 'moving_variance'])
        weight(`bn_${name}/${part}`, out);
    };
    const one = [
      [1, 1],
      [1, 1],
    ];
    layer('InputLayer', 'input', [], { batch_input_shape: [null, 8, 8, 3] });
    layer('ZeroPadding2D', 'pad1', ['input'], { padding: one });
    convolution('a', 'pad1', 3, 3, 4, { strides: [2, 2], padding: 'valid' });
    layer('Activation', 'relu1', ['bn_a'], { activation: 'relu' });
    layer('ZeroPadding2D', 'pad2', ['relu1'], { padding: one });
    layer('MaxPooling2D', 'max', ['pad2'], { pool_size: [3, 3], strides: [2, 2], padding: 'valid' });
    convolution('b', 'max', 3, 4, 5, { strides: [1, 1], padding: 'same' });
    convolution('c', 'max', 1, 4, 5, { strides: [1, 1], padding: 'valid' });
    layer('Add', 'sum', ['bn_b', 'bn_c']);
    layer('Activation', 'relu2', ['sum'], { activation: 'relu' });
    layer('GlobalAveragePooling2D', 'average', ['relu2']);
    layer('Dense', 'classes', ['average'], { activation: 'softmax' });
    weight('classes/kernel', 5, 2);
    weight('classes/bias', 2);

    const values = (name: string) => weights.get(name)!.values;
    const normalised = (
      input: Picture,
      name: string,
      kernel: number,
      side: number,
      stride: number,
      before: number,
    ) => {
      const [, , inputs, out] = weights.get(`${name}/kernel`)!.dims as [number, number, number, number];
      const linear = slide(input, side, out, stride, before, (pixel, c) => {
        const terms = sum(
          kernel,
          inputs,
          (dy, dx, i) =>
            pixel(dy, dx, i) * values(`${name}/kernel`)[((dy * kernel + dx) * inputs + i) * out + c]!,
        );
        return terms + values(`${name}/bias`)[c]!;
      });
      const [gamma, beta, mean, variance] = ['gamma', 'beta', 'moving_mean', 'moving_variance'].map((part) =>
        values(`bn_${name}/${part}`),
      ) as [Float32Array, Float32Array, Float32Array, Float32Array];
      return map(
        linear,
        (value, c) => (gamma[c]! * (value - mean[c]!)) / Math.sqrt(variance[c]! + 0.25) + beta[c]!,
      );
    };
    const relu = (value: number) => Math.max(0, value);
    const pixels = random(8 * 8 * 3);
    const image = picture([8, 8, 3], (y, x, c) => pixels[(y * 8 + x) * 3 + c]!);
    const a = map(normalised(image, 'a', 3, 4, 2, 1), relu);
    const max = slide(a, 2, 4, 2, 1, (pixel, c) =>
      Math.max(...[0, 1, 2].flatMap((dy) => [0, 1, 2].map((dx) => pixel(dy, dx, c)))),
    );
    const pool = average(map(add(normalised(max, 'b', 3, 2, 1, 1), normalised(max, 'c', 1, 2, 1, 0)), relu));
    const logits = [0, 1].map((c) =>
      pool.reduce(
        (total, value, i) => total + value * values('classes/kernel')[i * 2 + c]!,
        values('classes/bias')[c]!,
      ),
    );

    const folder = mkdtempSync(join(tmpdir(), 'keras-'));
    try {
      const bytes = Buffer.concat([...weights.values()].map((w) => Buffer.from(w.values.buffer)));
      // Shards are cut anywhere, also inside a weight.
      writeFileSync(join(folder, 's1'), bytes.subarray(0, 1002));
      writeFileSync(join(folder, 's2'), bytes.subarray(1002));
      const list = [...weights].map(([name, { dims }]) => ({ name, shape: dims, dtype: 'float32' }));
      const json = {
        format: 'layers-model',
        modelTopology: { model_config: { config: { layers } } },
        weightsManifest: [{ paths: ['s1', 's2'], weights: list }],
      };
      writeFileSync(join(folder, 'model.json'), JSON.stringify(json));
      await expectOutputs(resnet50(readKeras(folder)), image, pool, logits);
      writeFileSync(join(folder, 's2'), bytes.subarray(1006));
      expect(() => readKeras(folder)).toThrow(
        /^expected \d+ values in the shards of .*model\.json but got \d+$/,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
