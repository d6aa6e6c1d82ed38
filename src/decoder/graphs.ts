import { gradients } from '../graph/backward.ts';
import type { Expr } from '../graph/expr.ts';
import { crossEntropy, input, logSoftmax, mul, splitAt, sum, toFloat } from '../graph/ops.ts';
import type { Shape } from '../graph/shape.ts';
import { CELL_TABLE } from './cells.ts';
import type { DecoderConfig, Dropout } from './config.ts';
import { Decoder, type DecoderState, type Drop } from './decoder.ts';
import { decoderParameters } from './parameters.ts';

/** A graph: outputs by name. Its inputs are the leaves of the expressions. */
export type Graph = Readonly<Record<string, Expr>>;

/** Prefix of the outputs that hold gradients: `grad.embedding`, ... */
export const GRADIENT = 'grad.';

export interface TrainingGraph {
  readonly outputs: Graph;
  /** The dropout masks it reads (uint8, 1 keeps), with the share that each switches off. */
  readonly masks: readonly { readonly name: string; readonly shape: Shape; readonly rate: number }[];
}

/**
 * The loss of a batch under teacher forcing, and its gradients by all weights. Inputs: image [B,F], inputs
 * and targets [N] int32 (words step after step: all captions' first, then the second of those that have
 * one, ...), weights [N] (a word's share in the loss), steps [T] int64 (captions at each step, falling,
 * 0 after the longest). One graph serves all lengths up to T, and nothing is computed on padding.
 */
export function trainingGraph(config: DecoderConfig, T: number, dropout: Dropout | null): TrainingGraph {
  const masks: TrainingGraph['masks'][number][] = [];
  const drop: Drop = (x, place) => {
    const rate = dropout?.[place] ?? 0;
    if (rate === 0) return x;
    const mask = { name: `mask.${place}`, shape: x.shape, rate };
    masks.push(mask);
    // Scaled up while training so that decoding needs no scaling ("inverted dropout").
    return mul(x, mul(toFloat(input(mask.name, x.shape, 'uint8')), 1 / (1 - rate)));
  };
  const parameters = decoderParameters(config);
  const decoder = new Decoder(config, parameters, drop);
  const steps = input('steps', [T], 'int64');
  const dims = Array.from({ length: T }, (_, t) => (t === 0 ? 'B' : `B${t + 1}`));
  const start = decoder.start(input('image', ['B', config.featureSize]));
  const logits = decoder.unroll(input('inputs', ['N'], 'int32'), start, (rows) =>
    splitAt(rows, 0, steps, dims),
  );
  const losses = crossEntropy(logits, input('targets', ['N'], 'int32'));
  const loss = sum(mul(losses, input('weights', ['N'])));

  if (dropout === null) return { outputs: { loss }, masks };
  const names = Object.keys(parameters);
  const grads = gradients(loss, Object.values(parameters));
  return { outputs: { loss, ...Object.fromEntries(names.map((n, i) => [GRADIENT + n, grads[i]])) }, masks };
}

/** Decoding, first half: image [B,F] -> the state before the first word. */
export function startGraph(config: DecoderConfig): Graph {
  const decoder = new Decoder(config, decoderParameters(config));
  return flatten(decoder.start(input('image', ['B', config.featureSize])));
}

/** Decoding, second half: token [B] int32 and state -> logProbs [B,V] and `next.` state. */
export function stepGraph(config: DecoderConfig): Graph {
  const decoder = new Decoder(config, decoderParameters(config));
  const inputs = Object.entries(decoder.stateShapes()).map(([name, width]) => [
    name,
    input(name, ['B', width]),
  ]);
  const { logits, state } = decoder.step(
    input('token', ['B'], 'int32'),
    unflatten(Object.fromEntries(inputs), config),
  );
  // The projected image stays as it is, so it is no output.
  const next = Object.entries(flatten({ layers: state.layers })).map(([name, x]) => [`next.${name}`, x]);
  return { logProbs: logSoftmax(logits), ...Object.fromEntries(next) };
}

/** A state's tensors by name: h0, c0, h1, ..., and the projected image (`image` is the feature itself). */
function flatten(state: DecoderState): Record<string, Expr> {
  const layers = state.layers.flatMap((parts, layer) =>
    Object.entries(parts).map(([part, x]) => [`${part}${layer}`, x] as const),
  );
  return { ...Object.fromEntries(layers), ...(state.image && { projection: state.image }) };
}

function unflatten(tensors: Record<string, Expr>, { cell, layers }: DecoderConfig): DecoderState {
  const ofLayer = (layer: number) =>
    Object.fromEntries(CELL_TABLE[cell].state.map((part) => [part, tensors[`${part}${layer}`]]));
  return { layers: Array.from({ length: layers }, (_, layer) => ofLayer(layer)), image: tensors.projection };
}
