import { gradients } from '../graph/backward.ts';
import type { Expr } from '../graph/expr.ts';
import { add, crossEntropy, input, logSoftmax, mul, splitAt, sum, toFloat } from '../graph/ops.ts';
import type { Shape } from '../graph/shape.ts';
import { CELL_TABLE } from './cells/table.ts';
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

/** What training adds to the mean loss of a batch. */
export interface LossOptions {
  readonly dropout: Dropout;
  /** Share of the target's probability that is spread over all words. */
  readonly labelSmoothing: number;
  /** Whether logits get `silence` [V] added, which takes words out of the softmax (self-critical training). */
  readonly silence: boolean;
}

/**
 * The loss of a batch under teacher forcing, and its gradients by all weights. Inputs: image [B,F], inputs
 * and targets [N] int32 (words step after step: all captions' first, then the second of those that have
 * one, ...), weights [N] (a word's share in the loss), steps [T] int64 (captions at each step, falling,
 * 0 after the longest). One graph serves all lengths up to T, and nothing is computed on padding.
 */
export function trainingGraph(config: DecoderConfig, T: number, options: LossOptions): TrainingGraph {
  const masks: TrainingGraph['masks'][number][] = [];
  const drop: Drop = (x, place) => {
    const rate = options.dropout[place];
    if (rate === 0) return x;
    const mask = { name: `mask.${place}`, shape: x.shape, rate };
    masks.push(mask);
    // Scaled up while training so that decoding needs no scaling ("inverted dropout").
    return mul(x, mul(toFloat(input(mask.name, x.shape, 'uint8')), 1 / (1 - rate)));
  };
  const parameters = decoderParameters(config);
  const logits = unrolled(config, new Decoder(config, parameters, drop), T);
  const silenced = options.silence ? add(logits, input('silence', [config.vocabularySize])) : logits;
  const loss = weighed(smoothed(silenced, options.labelSmoothing));
  const names = Object.keys(parameters);
  const grads = gradients(loss, Object.values(parameters));
  return { outputs: { loss, ...Object.fromEntries(names.map((n, i) => [GRADIENT + n, grads[i]])) }, masks };
}

/** The loss alone, without dropout: inputs as in `trainingGraph`. */
export function validationGraph(config: DecoderConfig, T: number): Graph {
  const logits = unrolled(config, new Decoder(config, decoderParameters(config)), T);
  return { loss: weighed(crossEntropy(logits, input('targets', ['N'], 'int32'))) };
}

/** Logits [N,V] of all steps of a batch. */
function unrolled(config: DecoderConfig, decoder: Decoder, T: number): Expr {
  const steps = input('steps', [T], 'int64');
  const dims = Array.from({ length: T }, (_, t) => (t === 0 ? 'B' : `B${t + 1}`));
  const start = decoder.start(input('image', ['B', config.featureSize]));
  return decoder.unroll(input('inputs', ['N'], 'int32'), start, (rows) => splitAt(rows, 0, steps, dims));
}

/**
 * Cross-entropy [N] with targets of which `share` is spread over all V words (label smoothing, Szegedy et al.
 * 2016): (1 - share) (-log p_target) + share mean_v(-log p_v).
 */
function smoothed(logits: Expr, share: number): Expr {
  const losses = crossEntropy(logits, input('targets', ['N'], 'int32'));
  if (share === 0) return losses;
  const uniform = mul(sum(logSoftmax(logits), [1]), -1 / Number(logits.shape[1]));
  return add(mul(losses, 1 - share), mul(uniform, share));
}

/** Sum of the words' losses [N], each by its weight. */
function weighed(losses: Expr): Expr {
  return sum(mul(losses, input('weights', ['N'])));
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
  // What stays as it is, mostly the projected image, is no output.
  const next = Object.entries(flatten(state)).flatMap(([name, x]) =>
    x.op === 'input' ? [] : [[`next.${name}`, x] as const],
  );
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
