import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { describe, expect, test } from 'vitest';
import { GRADIENT, trainingGraph } from '../../src/decoder/graphs.ts';
import { decoderParameters } from '../../src/decoder/parameters.ts';
import { emitOnnx } from '../../src/onnx/emit.ts';
import { Session } from '../../src/onnx/session.ts';
import { checkGradients } from '../helpers/gradient-check.ts';
import { evaluate } from '../helpers/interpreter.ts';
import { expectClose } from '../helpers/run-onnx.ts';
import { asInputs, BATCHES, nameOf, TINY_DECODERS, tinyBatch, tinyWeights } from './tiny.ts';

const T = 4;
const DROPOUT = { image: 0.5, embedding: 0.5, output: 0.5 };
const NO_DROPOUT = { image: 0, embedding: 0, output: 0 };

describe('loss and gradients in onnxruntime are those of the interpreter', () => {
  for (const config of TINY_DECODERS) {
    test(nameOf(config), async () => {
      const { outputs, masks } = trainingGraph(config, T, DROPOUT);
      const weights = asInputs(config, tinyWeights(config));
      const session = await Session.load(emitOnnx(outputs, { name: 'training' }), { threads: 1 });
      for (const steps of Object.values(BATCHES)) {
        const inputs = { ...weights, ...tinyBatch(config, steps, masks) };
        expectClose(await session.run(inputs), evaluate(outputs, inputs));
      }
      await session.release();
    });
  }
});

describe('gradients of the whole loss are those of finite differences', () => {
  for (const config of TINY_DECODERS) {
    test(nameOf(config), () => {
      const { outputs, masks } = trainingGraph(config, T, DROPOUT);
      const batch = tinyBatch(config, BATCHES['captions of 3, 2 and 1 words'], masks);
      checkGradients(outputs.loss, { ...asInputs(config, tinyWeights(config)), ...batch }, { entries: 8 });
    });
  }
});

describe('the training graph', () => {
  const config = TINY_DECODERS.find(({ cell, mode }) => cell === 'rnn' && mode === 'par')!;
  const weights = asInputs(config, tinyWeights(config));
  const batch = tinyBatch(config, [3, 2, 1, 0]);

  test('has the gradient of every weight, in the shape of the weight', () => {
    for (const decoder of TINY_DECODERS) {
      const { outputs } = trainingGraph(decoder, T, NO_DROPOUT);
      const parameters = Object.entries(decoderParameters(decoder));
      expect(Object.keys(outputs)).toEqual(['loss', ...parameters.map(([name]) => GRADIENT + name)]);
      for (const [name, { shape }] of parameters) expect(outputs[GRADIENT + name].shape).toEqual(shape);
    }
  });

  test('reads a mask only where something is dropped, and only the loss where nothing is trained', () => {
    expect(trainingGraph(config, T, { image: 0, embedding: 0.25, output: 0 }).masks).toEqual([
      { name: 'mask.embedding', shape: ['N', 4], rate: 0.25 },
    ]);
    expect(trainingGraph(config, T, NO_DROPOUT).masks).toEqual([]);
    expect(trainingGraph(config, T, null)).toMatchObject({ masks: [] });
    expect(Object.keys(trainingGraph(config, T, null).outputs)).toEqual(['loss']);
  });

  test('scales what it keeps: a mask of ones with rate 1/2 doubles the activation', () => {
    const { outputs, masks } = trainingGraph(config, T, { image: 0.5, embedding: 0, output: 0 });
    const ones = tinyBatch(config, [3, 2, 1, 0], masks)['mask.image'];
    const image = { ...batch.image, data: Float32Array.from(batch.image.data as Float32Array, (v) => 2 * v) };
    const masked = evaluate(outputs, {
      ...weights,
      ...batch,
      'mask.image': { ...ones, data: new Uint8Array(ones.data.length).fill(1) },
    });
    const doubled = evaluate(trainingGraph(config, T, null).outputs, { ...weights, ...batch, image });
    expect(masked.loss.data[0]).toBeCloseTo(doubled.loss.data[0], 12);
  });

  test('gives a batch the loss of its captions one by one', () => {
    const { outputs } = trainingGraph(config, T, NO_DROPOUT);
    const whole = evaluate(outputs, { ...weights, ...batch });
    const [B, F] = batch.image.dims;
    // Rows of each caption among the words of all steps: steps hold 3, 2 and 1 captions.
    const rows = [[0, 3, 5], [1, 4], [2]];
    const alone = Array.from({ length: B }, (_, b) => {
      const pick = (name: string) => ({
        dims: [rows[b].length],
        data: rows[b].map((row) => batch[name].data[row]),
      });
      const steps = Array.from({ length: T }, (_, t) => (t < rows[b].length ? 1 : 0));
      return evaluate(outputs, {
        ...weights,
        image: { dims: [1, F], data: [...(batch.image.data as Float32Array)].slice(b * F, (b + 1) * F) },
        inputs: pick('inputs'),
        targets: pick('targets'),
        weights: pick('weights'),
        steps: { dims: [T], data: steps },
      });
    });
    for (const name of Object.keys(outputs)) {
      whole[name].data.forEach((value, i) => {
        const total = alone.reduce((sum, one) => sum + one[name].data[i], 0);
        expect(total, `${name}[${i}]`).toBeCloseTo(value, 12);
      });
    }
  });

  test('has one product for the gradient of each matrix, however many steps', () => {
    for (const decoder of TINY_DECODERS) {
      const matrices = Object.entries(decoderParameters(decoder)).filter(
        ([name, { shape }]) => shape.length === 2 && name !== 'embedding',
      );
      const { outputs } = trainingGraph(decoder, 8, NO_DROPOUT);
      const { graph } = fromBinary(ModelProtoSchema, emitOnnx(outputs, { name: 'training' }));
      const outer = graph!.node.filter(({ attribute }) =>
        attribute.some(({ name, i }) => name === 'transA' && i === 1n),
      );
      expect(outer.map(({ opType }) => opType)).toEqual(matrices.map(() => 'Gemm'));
      expect(outer.map(({ output }) => output[0]).sort()).toEqual(
        matrices.map(([name]) => GRADIENT + name).sort(),
      );
    }
  });
});
