import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { describe, expect, test } from 'vitest';
import { GRADIENT, type LossOptions, trainingGraph, validationGraph } from '../../src/decoder/graphs.ts';
import { decoderParameters } from '../../src/decoder/parameters.ts';
import { printGraph } from '../../src/graph/print.ts';
import { emitOnnx } from '../../src/onnx/emit.ts';
import { Session, type Tensor } from '../../src/onnx/session.ts';
import { checkGradients } from '../helpers/gradient-check.ts';
import { evaluate, type Value } from '../helpers/interpreter.ts';
import { expectClose, runOnnx } from '../helpers/run-onnx.ts';
import { asInputs, BATCHES, nameOf, TINY_DECODERS, tinyBatch, tinyWeights } from './tiny.ts';

const T = 4;
const NO_DROPOUT = { image: 0, embedding: 0, output: 0 };
const PLAIN: LossOptions = { dropout: NO_DROPOUT, labelSmoothing: 0, silence: false };
const DROPPING: LossOptions = { ...PLAIN, dropout: { image: 0.5, embedding: 0.5, output: 0.5 } };

/** What may be added to the loss, each alone and all together. */
const ADDITIONS: Readonly<Record<string, LossOptions>> = {
  'label smoothing': { ...PLAIN, labelSmoothing: 0.2 },
  silence: { ...PLAIN, silence: true },
  'everything together': { ...DROPPING, labelSmoothing: 0.1, silence: true },
};
/** One of each cell, in different modes: the additions come behind the logits. */
const FEW_DECODERS = TINY_DECODERS.filter(({ cell, mode, layers }) =>
  ['rnn par 1', 'lstm pre 2', 'gru merge 1'].includes(`${cell} ${mode} ${layers}`),
);
/** Words that `SILENCE` takes out of the softmax of V=9. */
const SILENT = [0, 1, 3];
const added = (toLogit: (v: number) => number): Record<string, Tensor> => ({
  silence: { dims: [9], data: Float32Array.from({ length: 9 }, (_, v) => toLogit(v)) },
});
const SILENCE = added((v) => (SILENT.includes(v) ? -1e4 : 0));
const UNEVEN = added(Math.sin);

describe('loss and gradients in onnxruntime are those of the interpreter', () => {
  for (const config of TINY_DECODERS) {
    test(nameOf(config), async () => {
      const { outputs, masks } = trainingGraph(config, T, DROPPING);
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
      const { outputs, masks } = trainingGraph(config, T, DROPPING);
      const batch = tinyBatch(config, BATCHES['captions of 3, 2 and 1 words'], masks);
      checkGradients(outputs.loss, { ...asInputs(config, tinyWeights(config)), ...batch }, { entries: 8 });
    });
  }
});

describe.each(Object.entries(ADDITIONS))('with %s', (_, options) => {
  describe.each(FEW_DECODERS)('$cell, $mode', (config) => {
    const { outputs, masks } = trainingGraph(config, T, options);
    const batch = tinyBatch(config, [3, 2, 1, 0], masks);
    // Finite differences of a loss of thousands of nats would be noise.
    const inputs = {
      ...asInputs(config, tinyWeights(config)),
      ...batch,
      ...(options.silence ? UNEVEN : {}),
    };

    test('onnxruntime computes what the interpreter does', async () => {
      expectClose(await runOnnx(outputs, inputs), evaluate(outputs, inputs));
    });

    test('gradients are those of finite differences', () => {
      checkGradients(outputs.loss, inputs, { entries: 6 });
    });
  });
});

describe('label smoothing', () => {
  const [config] = FEW_DECODERS;
  const V = config.vocabularySize;
  const inputs = { ...asInputs(config, tinyWeights(config)), ...tinyBatch(config, [3, 2, 1, 0]) };
  const validation = validationGraph(config, T);
  const lossOf = (targets: number[]) =>
    evaluate(validation, { ...inputs, targets: { dims: [6], data: targets } }).loss.data[0];

  test('spreads a share of the target evenly over all words', () => {
    const share = 0.3;
    const { loss } = trainingGraph(config, T, { ...PLAIN, labelSmoothing: share }).outputs;
    let uniform = 0;
    for (let v = 0; v < V; v++) uniform += lossOf(new Array<number>(6).fill(v)) / V;
    const sharp = lossOf(Array.from(inputs.targets.data, Number));
    expect(evaluate({ loss }, inputs).loss.data[0]).toBeCloseTo((1 - share) * sharp + share * uniform, 10);
    expect(uniform).not.toBeCloseTo(sharp, 2);
  });
});

describe('silence', () => {
  describe.each(FEW_DECODERS)('$cell, $mode', (config) => {
    const V = config.vocabularySize;
    const { outputs } = trainingGraph(config, T, { ...PLAIN, silence: true });
    const weights = asInputs(config, tinyWeights(config));
    const batch = tinyBatch(config, [1, 0, 0, 0]);
    const inputs = { ...weights, ...batch, ...SILENCE, weights: { dims: [1], data: [1] } };
    const given = (changed: Record<string, Value>, v: number): Record<string, Value> => ({
      ...inputs,
      ...changed,
      targets: { dims: [1], data: [v] },
    });
    const words = Array.from({ length: V }, (_, v) => v);

    test('onnxruntime computes what the interpreter does', async () => {
      const longer = tinyBatch(config, [3, 2, 1, 0]);
      // Nobody says a silent word: the loss of one would be thousands of nats.
      const targets = { dims: [6], data: Int32Array.of(2, 4, 5, 6, 8, 2) };
      const inputs = { ...weights, ...longer, ...SILENCE, targets };
      expectClose(await runOnnx(outputs, inputs), evaluate(outputs, inputs));
    });

    /** The probability of each word [V], with these weights instead. */
    const probabilities = (changed: Record<string, Value> = {}) =>
      words.map((v) => Math.exp(-evaluate({ loss: outputs.loss }, given(changed, v)).loss.data[0]));

    test('silent words have no probability, the others share it as before', () => {
      const before = words.map((v) =>
        Math.exp(-evaluate(validationGraph(config, T), given({}, v)).loss.data[0]),
      );
      const left = words.reduce((sum, v) => (SILENT.includes(v) ? sum : sum + before[v]), 0);
      for (const [v, p] of probabilities().entries()) {
        if (SILENT.includes(v)) expect(p).toBe(0);
        else expect(p).toBeCloseTo(before[v] / left, 12);
      }
      expect(left).toBeLessThan(0.9);
    });

    test('rewards times the gradients of words drawn come to the gradient of the expected reward', () => {
      const rewards = words.map((v) => Math.cos(3 * v));
      const expected = (changed: Record<string, Value> = {}) =>
        probabilities(changed).reduce((sum, p, v) => sum + p * rewards[v], 0);
      const p = probabilities();
      const gradients = words.map((v) => (p[v] === 0 ? null : evaluate(outputs, given({}, v))));
      // A baseline may be taken off the rewards: it changes nothing on the average.
      for (const baseline of [0, 0.7]) {
        for (const name of ['image.W', 'layer0.Wx', 'output.W', 'output.b']) {
          const { dims, data } = weights[name];
          const stride = Math.ceil(data.length / 4);
          for (let i = 0; i < data.length; i += stride) {
            // The loss is -log p.
            const estimate = words.reduce(
              (sum, v) =>
                sum - p[v] * (rewards[v] - baseline) * (gradients[v]?.[GRADIENT + name].data[i] ?? 0),
              0,
            );
            const at = (change: number) => {
              const moved = Float64Array.from(data, Number);
              moved[i] += change;
              return expected({ [name]: { dims, data: moved } });
            };
            expect(estimate).toBeCloseTo((at(1e-5) - at(-1e-5)) / 2e-5, 7);
          }
        }
      }
    });
  });
});

describe('the training graph', () => {
  const config = TINY_DECODERS.find(({ cell, mode }) => cell === 'rnn' && mode === 'par')!;
  const weights = asInputs(config, tinyWeights(config));
  const batch = tinyBatch(config, [3, 2, 1, 0]);

  test('has the gradient of every weight, in the shape of the weight', () => {
    for (const decoder of TINY_DECODERS) {
      const { outputs } = trainingGraph(decoder, T, PLAIN);
      const parameters = Object.entries(decoderParameters(decoder));
      expect(Object.keys(outputs)).toEqual(['loss', ...parameters.map(([name]) => GRADIENT + name)]);
      for (const [name, { shape }] of parameters) expect(outputs[GRADIENT + name].shape).toEqual(shape);
    }
  });

  test('reads a mask only where something is dropped', () => {
    const dropout = { image: 0, embedding: 0.25, output: 0 };
    expect(trainingGraph(config, T, { ...PLAIN, dropout }).masks).toEqual([
      { name: 'mask.embedding', shape: ['N', 4], rate: 0.25 },
    ]);
    expect(trainingGraph(config, T, PLAIN).masks).toEqual([]);
  });

  test('has the loss of validation, node by node, where nothing is added', () => {
    const loss = (options: LossOptions) =>
      printGraph({ loss: trainingGraph(config, T, options).outputs.loss });
    const plain = printGraph(validationGraph(config, T));
    expect(loss(PLAIN)).toBe(plain);
    for (const addition of Object.values(ADDITIONS)) expect(loss(addition)).not.toBe(plain);
  });

  test('scales what it keeps: a mask of ones with rate 1/2 doubles the activation', () => {
    const { outputs, masks } = trainingGraph(config, T, {
      ...PLAIN,
      dropout: { image: 0.5, embedding: 0, output: 0 },
    });
    const ones = tinyBatch(config, [3, 2, 1, 0], masks)['mask.image'];
    const image = { ...batch.image, data: Float32Array.from(batch.image.data as Float32Array, (v) => 2 * v) };
    const masked = evaluate(outputs, {
      ...weights,
      ...batch,
      'mask.image': { ...ones, data: new Uint8Array(ones.data.length).fill(1) },
    });
    const doubled = evaluate(validationGraph(config, T), { ...weights, ...batch, image });
    expect(masked.loss.data[0]).toBeCloseTo(doubled.loss.data[0], 12);
  });

  test('gives a batch the loss of its captions one by one', () => {
    const { outputs } = trainingGraph(config, T, PLAIN);
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
      const { outputs } = trainingGraph(decoder, 8, PLAIN);
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
