import { describe, expect, test } from 'vitest';
import type { DecoderConfig } from '../../src/decoder/config.ts';
import { Decoder } from '../../src/decoder/decoder.ts';
import { startGraph, stepGraph } from '../../src/decoder/graphs.ts';
import { decoderParameters } from '../../src/decoder/parameters.ts';
import { input, logSoftmax, splitAt } from '../../src/graph/ops.ts';
import { emitOnnx } from '../../src/onnx/emit.ts';
import { type FloatTensor, Session, type Tensor } from '../../src/onnx/session.ts';
import { evaluate, type NdArray } from '../helpers/interpreter.ts';
import { expectClose } from '../helpers/run-onnx.ts';
import { asInputs, nameOf, TINY_DECODERS, tinyBatch, tinyWeights } from './tiny.ts';

const STEPS = [3, 3, 3, 3];

/** Log-probabilities of all steps at once, as training computes them: [N,V], step after step. */
function unrolled(config: DecoderConfig, batch: Record<string, Tensor>): NdArray {
  const decoder = new Decoder(config, decoderParameters(config));
  const dims = STEPS.map((_, t) => `B${t}`);
  const logits = decoder.unroll(
    input('inputs', ['N'], 'int32'),
    decoder.start(input('image', ['B', config.featureSize])),
    (rows) => splitAt(rows, 0, input('steps', [STEPS.length], 'int64'), dims),
  );
  return evaluate({ y: logSoftmax(logits) }, { ...asInputs(config, tinyWeights(config)), ...batch }).y;
}

describe('start and then step after step is the unrolled decoder', () => {
  for (const config of TINY_DECODERS) {
    test(nameOf(config), async () => {
      const weights = tinyWeights(config);
      const batch = tinyBatch(config, STEPS);
      const [B, V] = [STEPS[0], config.vocabularySize];
      const load = (graph: ReturnType<typeof stepGraph>, name: string) =>
        Session.load(emitOnnx(graph, { name, weights }), { threads: 1 });
      const start = await load(startGraph(config), 'start');
      const step = await load(stepGraph(config), 'step');
      expect(step.inputs.map(({ name }) => name)).not.toContain('embedding');

      let state: Record<string, FloatTensor> = await start.run({ image: batch.image });
      const expected = unrolled(config, batch);
      for (let t = 0; t < STEPS.length; t++) {
        const token = { dims: [B], data: (batch.inputs.data as Int32Array).slice(t * B, (t + 1) * B) };
        const { logProbs, ...next } = await step.run({ token, ...state });
        const data = expected.data.slice(t * B * V, (t + 1) * B * V);
        expectClose({ logProbs }, { logProbs: { dims: [B, V], data } });
        const parts = Object.entries(next).map(([name, value]) => [name.replace(/^next\./, ''), value]);
        state = { ...state, ...Object.fromEntries(parts) };
      }
      await Promise.all([start.release(), step.release()]);
    });
  }
});
