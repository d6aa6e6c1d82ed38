import type { Expr } from '../graph/expr.ts';
import { parameter } from '../graph/ops.ts';
import type { Random } from '../random.ts';
import { CELL_TABLE } from './cells.ts';
import type { DecoderConfig } from './config.ts';

/** Weights by name; the names are the keys of checkpoints and of the exported graphs. */
export type Parameters = Readonly<Record<string, Expr>>;

/** Width of what the image is projected to: the place where it enters decides. */
export function imageWidth(config: DecoderConfig): number {
  const cell = CELL_TABLE[config.cell];
  switch (config.mode) {
    case 'par':
      return cell.gates * config.hiddenSize;
    case 'init':
      return config.layers * cell.state.length * config.hiddenSize;
    case 'pre':
    case 'merge':
      return config.embeddingSize;
  }
}

/** All weights of a decoder as expressions. */
export function decoderParameters(config: DecoderConfig): Parameters {
  const { embeddingSize: E, hiddenSize: H, featureSize: F, vocabularySize: V } = config;
  const gates = CELL_TABLE[config.cell].gates;
  const D = imageWidth(config);
  const shapes: Record<string, readonly number[]> = { embedding: [V, E], 'image.W': [F, D], 'image.b': [D] };
  for (let layer = 0; layer < config.layers; layer++) {
    shapes[`layer${layer}.Wx`] = [layer === 0 ? E : H, gates * H];
    shapes[`layer${layer}.b`] = [gates * H];
    shapes[`layer${layer}.Wh`] = [H, gates * H];
    if (config.cell === 'gru') shapes[`layer${layer}.bh`] = [gates * H];
  }
  shapes['output.W'] = [config.mode === 'merge' ? H + D : H, V];
  shapes['output.b'] = [V];
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, parameter(name, shape)]));
}

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
    }
    weights.set(name, values);
  }
  return weights;
}
