import { CELLS, type CellName } from '../../src/decoder/cells/table.ts';
import { type DecoderConfig, MODES, type Mode } from '../../src/decoder/config.ts';
import type { TrainingGraph } from '../../src/decoder/graphs.ts';
import { decoderParameters } from '../../src/decoder/parameters.ts';
import type { Tensor } from '../../src/onnx/session.ts';
import { Random } from '../../src/random.ts';

const shape = (cell: CellName, mode: Mode, layers: number): DecoderConfig => ({
  cell,
  mode,
  layers,
  embeddingSize: 4,
  hiddenSize: 5,
  featureSize: 6,
  vocabularySize: 9,
});

/**
 * The usual cells in the usual modes, as small as can be with all sizes different; every other mode with a vanilla RNN
 * and an LSTM, every other cell in one mode, and what can be added to them. LSTMs in all modes with two layers.
 */
export const TINY_DECODERS: readonly DecoderConfig[] = [
  ...(['rnn', 'lstm', 'gru'] as const).flatMap((cell) =>
    (['par', 'init', 'pre', 'merge'] as const).map((mode) => shape(cell, mode, 1)),
  ),
  ...(['par', 'init', 'pre', 'merge'] as const).map((mode) => shape('lstm', mode, 2)),
  ...MODES.slice(4).flatMap((mode) => [
    shape('rnn', mode, mode === 'factored' ? 2 : 1),
    shape('lstm', mode, 2),
  ]),
  ...CELLS.filter((cell) => !['rnn', 'lstm', 'gru'].includes(cell)).map((cell) => shape(cell, 'par', 2)),
  { ...shape('gru', 'pre', 3), highway: true },
  { ...shape('lstm', 'par', 2), highway: true, learnedState: true },
  { ...shape('rnn', 'pre', 1), learnedState: true },
];

export const nameOf = ({ cell, mode, layers, highway, learnedState }: DecoderConfig) =>
  `${cell}, ${mode}, ${layers} layer(s)${highway ? ', highway' : ''}${learnedState ? ', learned state' : ''}`;

/** Captions at each step, for at most T=4 steps. */
export const BATCHES: Readonly<Record<string, readonly number[]>> = {
  'captions of 3, 2 and 1 words': [3, 2, 1, 0],
  'captions of 4 words': [3, 3, 3, 3],
  'captions of 1 word': [3, 0, 0, 0],
};

/** Weights in (-0.8, 0.8), biases too: nothing vanishes and no unit saturates. */
export function tinyWeights(config: DecoderConfig): Map<string, Float32Array> {
  const random = new Random(3);
  return new Map(
    Object.entries(decoderParameters(config)).map(([name, { shape }]) => {
      const size = shape.map(Number).reduce((a, b) => a * b, 1);
      return [name, Float32Array.from({ length: size }, () => 1.6 * random.next() - 0.8)];
    }),
  );
}

/** The weights as inputs of a graph. */
export function asInputs(config: DecoderConfig, weights: Map<string, Float32Array>): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(decoderParameters(config)).map(([name, { shape }]) => [
      name,
      { dims: shape.map(Number), data: weights.get(name)! },
    ]),
  );
}

/** A batch with random images, words, word shares and dropout masks; `steps` says how many captions go on. */
export function tinyBatch(
  config: DecoderConfig,
  steps: readonly number[],
  masks: TrainingGraph['masks'] = [],
): Record<string, Tensor> {
  const random = new Random(5);
  const B = steps[0];
  const N = steps.reduce((a, b) => a + b);
  const floats = (dims: readonly number[]) => ({
    dims,
    data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => 0.1 + random.next()),
  });
  const words = () => ({
    dims: [N],
    data: Int32Array.from({ length: N }, () => random.int(config.vocabularySize)),
  });
  const mask = (dims: readonly number[]) => ({
    dims,
    data: Uint8Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => random.int(2)),
  });
  const known: Record<string, number> = { B, N };
  return {
    image: floats([B, config.featureSize]),
    inputs: words(),
    targets: words(),
    weights: floats([N]),
    steps: { dims: [steps.length], data: BigInt64Array.from(steps, BigInt) },
    ...Object.fromEntries(
      masks.map(({ name, shape }) => [name, mask(shape.map((dim) => known[dim] ?? Number(dim)))]),
    ),
  };
}
