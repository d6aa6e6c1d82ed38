import { describe, expect, test } from 'vitest';
import type { DecoderConfig } from '../../src/decoder/config.ts';
import { startGraph, stepGraph } from '../../src/decoder/graphs.ts';
import type { Tensor } from '../../src/onnx/session.ts';
import { evaluate, type Value } from '../helpers/interpreter.ts';
import { asInputs, TINY_DECODERS, tinyWeights } from './tiny.ts';

const IMAGE = [0.5, -1, 0.25, 2, -0.75, 1.5];
const WORDS = [1, 7, 3];

/** What the step graph says of the word after each of WORDS. */
function byGraphs(config: DecoderConfig, weights: Record<string, Tensor>): number[][] {
  const image = { dims: [1, IMAGE.length], data: IMAGE };
  let state: Record<string, Value> = evaluate(startGraph(config), { ...weights, image });
  return WORDS.map((word) => {
    const { logProbs, ...next } = evaluate(stepGraph(config), {
      ...weights,
      ...state,
      token: { dims: [1], data: [word] },
    });
    const parts = Object.entries(next).map(([name, value]) => [name.replace('next.', ''), value]);
    state = { ...state, ...Object.fromEntries(parts) };
    return [...logProbs.data];
  });
}

/** The same for a vanilla RNN, written out with plain vectors. */
function byHand({ mode, layers }: DecoderConfig, weights: Record<string, Tensor>): number[][] {
  const vector = (name: string) => [...(weights[name].data as Float32Array)];
  const row = (name: string, i: number) =>
    vector(name)
      .slice(i * weights[name].dims[1])
      .slice(0, weights[name].dims[1]);
  const times = (x: number[], name: string) =>
    x.map((value, i) => row(name, i).map((w) => w * value)).reduce(plus);
  const step = (layer: number, h: number[], x: number[], image: number[]) =>
    [times(x, `layer${layer}.Wx`), vector(`layer${layer}.b`), times(h, `layer${layer}.Wh`), image]
      .reduce(plus)
      .map(Math.tanh);

  const v = plus(times(IMAGE, 'image.W'), vector('image.b'));
  const nothing = new Array<number>(5).fill(0);
  const hs = Array.from({ length: layers }, () => nothing);
  if (mode === 'init') hs[0] = v.map(Math.tanh);
  if (mode === 'pre') hs[0] = step(0, hs[0], v, nothing);
  const seen = (layer: number, t: number) => {
    if (mode === 'factored') return layer === layers - 1;
    return layer === 0 && (mode === 'par' || (mode === 'first' && t === 0));
  };
  return WORDS.map((word, t) => {
    const x = row('embedding', word);
    let h = x;
    for (const layer of hs.keys()) {
      h = step(layer, hs[layer], h, seen(layer, t) ? v : nothing);
      hs[layer] = h;
    }
    const joint = () =>
      [times(x, 'multimodal.Wx'), times(h, 'multimodal.Wh'), v]
        .reduce(plus)
        .map((value) => 1.7159 * Math.tanh((2 * value) / 3));
    const shown = mode === 'merge' ? [...h, ...v] : mode === 'multimodal' ? joint() : h;
    const logits = plus(times(shown, 'output.W'), vector('output.b'));
    const total = logits.map(Math.exp).reduce((a, b) => a + b);
    return logits.map((logit) => logit - Math.log(total));
  });
}

const plus = (a: number[], b: number[]) => a.map((value, i) => value + b[i]);

describe('where the image enters, against a vanilla RNN written out', () => {
  for (const config of TINY_DECODERS.filter(({ cell, learnedState }) => cell === 'rnn' && !learnedState)) {
    test(config.mode, () => {
      const weights = asInputs(config, tinyWeights(config));
      const expected = byHand(config, weights);
      byGraphs(config, weights).forEach((logProbs, t) => {
        logProbs.forEach((value, word) => {
          expect(value, `step ${t}, word ${word}`).toBeCloseTo(expected[t][word], 12);
        });
      });
    });
  }
});
