import { describe, expect, test } from 'vitest';
import type { DecoderConfig, Mode } from '../../src/decoder/config.ts';
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
function byHand(mode: Mode, weights: Record<string, Tensor>): number[][] {
  const vector = (name: string) => [...(weights[name].data as Float32Array)];
  const row = (name: string, i: number) =>
    vector(name)
      .slice(i * weights[name].dims[1])
      .slice(0, weights[name].dims[1]);
  const times = (x: number[], name: string) =>
    x.map((value, i) => row(name, i).map((w) => w * value)).reduce(plus);
  const step = (h: number[], x: number[], image: number[]) =>
    [times(x, 'layer0.Wx'), vector('layer0.b'), times(h, 'layer0.Wh'), image].reduce(plus).map(Math.tanh);

  const v = plus(times(IMAGE, 'image.W'), vector('image.b'));
  const nothing = new Array<number>(5).fill(0);
  let h = nothing;
  if (mode === 'init') h = v.map(Math.tanh);
  if (mode === 'pre') h = step(h, v, nothing);
  const seen = (t: number) => mode === 'par' || mode === 'factored' || (mode === 'first' && t === 0);
  return WORDS.map((word, t) => {
    const x = row('embedding', word);
    h = step(h, x, seen(t) ? v : nothing);
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
  for (const config of TINY_DECODERS.filter(
    ({ cell, layers, learnedState }) => cell === 'rnn' && layers === 1 && !learnedState,
  )) {
    test(config.mode, () => {
      const weights = asInputs(config, tinyWeights(config));
      const expected = byHand(config.mode, weights);
      byGraphs(config, weights).forEach((logProbs, t) => {
        logProbs.forEach((value, word) => {
          expect(value, `step ${t}, word ${word}`).toBeCloseTo(expected[t][word], 12);
        });
      });
    });
  }
});
