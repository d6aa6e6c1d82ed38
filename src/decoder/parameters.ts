import type { Expr } from '../graph/expr.ts';
import { parameter } from '../graph/ops.ts';
import type { Random } from '../random.ts';
import { CELL_TABLE } from './cells/table.ts';
import type { DecoderConfig } from './config.ts';

/** Weights by name; the names are the keys of checkpoints and of the exported graphs. */
export type Parameters = Readonly<Record<string, Expr>>;

/** Width of what the image is projected to: the place where it enters decides. */
export function imageWidth({ cell, mode, layers, embeddingSize, hiddenSize }: DecoderConfig): number {
  const { gates, state } = CELL_TABLE[cell];
  switch (mode) {
    case 'par':
    case 'first':
    case 'factored':
      return gates * hiddenSize;
    case 'init':
      return layers * state.length * hiddenSize;
    case 'pre':
    case 'merge':
      return embeddingSize;
    case 'multimodal':
      return hiddenSize;
  }
}

/** All weights of a decoder as expressions. */
export function decoderParameters(config: DecoderConfig): Parameters {
  const { mode, embeddingSize: E, hiddenSize: H, featureSize: F, vocabularySize: V } = config;
  const { gates, state, weights } = CELL_TABLE[config.cell];
  const D = imageWidth(config);
  const shapes: Record<string, readonly number[]> = { embedding: [V, E], 'image.W': [F, D], 'image.b': [D] };
  for (let layer = 0; layer < config.layers; layer++) {
    shapes[`layer${layer}.Wx`] = [layer === 0 ? E : H, gates * H];
    shapes[`layer${layer}.b`] = [gates * H];
    for (const [name, shape] of Object.entries(weights(H))) shapes[`layer${layer}.${name}`] = shape;
    if (config.highway && layer > 0) {
      shapes[`layer${layer}.highway.W`] = [H, H];
      shapes[`layer${layer}.highway.b`] = [H];
    }
    if (config.learnedState) for (const part of state) shapes[`layer${layer}.initial.${part}`] = [H];
  }
  if (mode === 'multimodal') {
    shapes['multimodal.Wh'] = [H, H];
    shapes['multimodal.Wx'] = [E, H];
  }
  shapes['output.W'] = [mode === 'merge' ? H + D : H, V];
  shapes['output.b'] = [V];
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, parameter(name, shape)]));
}

/** Highway gates start nearly closed, so that the input passes (Srivastava et al. 2015, section 2.2). */
const HIGHWAY_BIAS = -1;

/**
 * First values: matrices uniform within sqrt(3 / rows), which keeps the variance of what passes
 * through (LeCun 1998); embeddings within 0.1; biases as the cell asks.
 */
export function initialWeights(config: DecoderConfig, random: Random): Map<string, Float32Array> {
  const cell = CELL_TABLE[config.cell];
  const weights = new Map<string, Float32Array>();
  for (const [name, { shape }] of Object.entries(decoderParameters(config))) {
    const [rows, columns] = shape.map(Number);
    const values = new Float32Array(rows * (columns ?? 1));
    if (columns !== undefined) {
      const bound = name === 'embedding' ? 0.1 : Math.sqrt(3 / rows);
      for (let i = 0; i < values.length; i++) values[i] = (2 * random.next() - 1) * bound;
    } else if (/^layer\d+\.b$/.test(name)) {
      cell.initialBias.forEach((value, gate) => {
        values.fill(value, gate * config.hiddenSize, (gate + 1) * config.hiddenSize);
      });
    } else if (name.endsWith('.highway.b')) {
      values.fill(HIGHWAY_BIAS);
    }
    weights.set(name, values);
  }
  return weights;
}
