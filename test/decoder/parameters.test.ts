import { describe, expect, test } from 'vitest';
import { decoderParameters, imageWidth, initialWeights } from '../../src/decoder/parameters.ts';
import { Random } from '../../src/random.ts';
import { nameOf, TINY_DECODERS } from './tiny.ts';

const find = (name: string) => TINY_DECODERS.find((config) => nameOf(config) === name)!;
const shapes = (name: string) =>
  Object.fromEntries(Object.entries(decoderParameters(find(name))).map(([key, { shape }]) => [key, shape]));

describe('parameters', () => {
  test('of an LSTM with merge, two layers', () => {
    expect(shapes('lstm, merge, 2 layer(s)')).toEqual({
      embedding: [9, 4],
      'image.W': [6, 4],
      'image.b': [4],
      'layer0.Wx': [4, 20],
      'layer0.b': [20],
      'layer0.Wh': [5, 20],
      'layer1.Wx': [5, 20],
      'layer1.b': [20],
      'layer1.Wh': [5, 20],
      'output.W': [9, 9],
      'output.b': [9],
    });
  });

  test('a GRU has a bias inside its reset gate', () => {
    expect(shapes('gru, pre, 1 layer(s)')['layer0.bh']).toEqual([15]);
    expect(shapes('rnn, pre, 1 layer(s)')).not.toHaveProperty('layer0.bh');
  });

  test.each([
    ['rnn, par, 1 layer(s)', 5],
    ['lstm, par, 2 layer(s)', 20],
    ['lstm, init, 2 layer(s)', 20],
    ['gru, init, 1 layer(s)', 5],
    ['gru, pre, 1 layer(s)', 4],
    ['gru, merge, 1 layer(s)', 4],
  ])('the image of %s is projected to %i', (name, width) => {
    expect(imageWidth(find(name))).toBe(width);
  });
});

describe('initialWeights', () => {
  const config = find('lstm, pre, 2 layer(s)');
  const weights = initialWeights(config, new Random(1));

  test('fit the parameters, and are the same for the same seed only', () => {
    for (const [name, { shape }] of Object.entries(decoderParameters(config))) {
      expect(weights.get(name)).toHaveLength(shape.map(Number).reduce((a, b) => a * b, 1));
    }
    expect(initialWeights(config, new Random(1))).toEqual(weights);
    expect(initialWeights(config, new Random(2))).not.toEqual(weights);
  });

  test('open the forget gates and leave the other biases at 0', () => {
    const block = (value: number) => new Array<number>(5).fill(value);
    expect([...weights.get('layer1.b')!]).toEqual([...block(0), ...block(1), ...block(0), ...block(0)]);
    expect([...weights.get('output.b')!]).toEqual(new Array(9).fill(0));
  });

  test('are uniform within sqrt(3 / rows), embeddings within 0.1', () => {
    const wide = { ...config, hiddenSize: 64 };
    const drawn = initialWeights(wide, new Random(1));
    const largest = (name: string) => Math.max(...drawn.get(name)!.map(Math.abs));
    expect(largest('layer1.Wh')).toBeLessThanOrEqual(Math.sqrt(3 / 64));
    expect(largest('layer1.Wh')).toBeGreaterThan(0.95 * Math.sqrt(3 / 64));
    expect(largest('embedding')).toBeLessThanOrEqual(Math.fround(0.1));
    const variance = drawn.get('layer1.Wh')!.reduce((sum, w) => sum + w * w, 0) / (64 * 4 * 64);
    expect(variance).toBeCloseTo(1 / 64, 3);
  });
});
