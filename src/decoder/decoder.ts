import type { Expr } from '../graph/expr.ts';
import { add, concat, firstRows, gather, matmul, split, tanh, zeroRows } from '../graph/ops.ts';
import { CELL_TABLE, type CellWeights, type State } from './cells.ts';
import type { DecoderConfig } from './config.ts';
import type { Parameters } from './parameters.ts';

/** What a decoder remembers of an image and the words so far. */
export interface DecoderState {
  readonly layers: readonly State[];
  /** The projected image, where it enters at every step: `par` [B, gates x H], `merge` [B,E]. */
  readonly image?: Expr;
}

/** Switches off units of an activation while training; the identity otherwise. */
export type Drop = (x: Expr, place: 'image' | 'embedding' | 'output') => Expr;

const keep: Drop = (x) => x;

/** One decoder: its equations over its parameters. Training unrolls them, decoding takes one step. */
export class Decoder {
  constructor(
    readonly config: DecoderConfig,
    readonly parameters: Parameters,
    private readonly drop: Drop = keep,
  ) {}

  /** The state before the first word, from the image feature v [B,F]. */
  start(v: Expr): DecoderState {
    const { config, parameters: p } = this;
    const image = add(matmul(this.drop(v, 'image'), p['image.W']), p['image.b']);
    switch (config.mode) {
      case 'par':
      case 'merge':
        return { layers: this.zeroState(image), image };
      case 'init':
        return { layers: this.stateFrom(tanh(image)) };
      case 'pre': {
        // The image is the word before <start>; its output is not used.
        const zeros = this.zeroState(image);
        const layers: State[] = [];
        let x = image;
        for (let layer = 0; layer < config.layers; layer++) {
          const a = this.project(layer, x);
          layers.push(this.cell.step(a, zeros[layer], this.cellWeights(layer), config.hiddenSize));
          x = layers[layer].h;
        }
        return { layers };
      }
    }
  }

  /** One step: the last word [B] -> logits [B,V] and the next state. */
  step(token: Expr, previous: DecoderState): { logits: Expr; state: DecoderState } {
    let x = this.embed(token);
    const layers = previous.layers.map((state, layer) => {
      let a = this.project(layer, x);
      if (layer === 0 && this.config.mode === 'par') a = add(a, previous.image!);
      const next = this.cell.step(a, state, this.cellWeights(layer), this.config.hiddenSize);
      x = next.h;
      return next;
    });
    return { logits: this.output(x, previous.image), state: { layers, image: previous.image } };
  }

  /**
   * All steps of many captions at once, for teacher forcing. `inputs` [N] are the words that each step
   * reads, step after step; `cut` divides N rows into the steps' own: B captions at the first, fewer later,
   * because captions are sorted by falling length and drop out when they end. Returns logits [N,V].
   */
  unroll(inputs: Expr, start: DecoderState, cut: (rows: Expr) => Expr[]): Expr {
    const N = inputs.shape[0];
    let x = this.embed(inputs);
    let steps: Expr[] = [];
    start.layers.forEach((initial, layer) => {
      steps = cut(this.project(layer, x));
      let state = initial;
      const outputs = steps.map((step) => {
        const a = layer === 0 && this.config.mode === 'par' ? add(step, firstRows(start.image!, step)) : step;
        const previous = Object.fromEntries(Object.entries(state).map(([k, s]) => [k, firstRows(s, step)]));
        state = this.cell.step(a, previous, this.cellWeights(layer), this.config.hiddenSize);
        return state.h;
      });
      x = concat(outputs, 0, N);
    });
    if (this.config.mode !== 'merge') return this.output(x, undefined);
    const images = steps.map((step) => firstRows(start.image!, step));
    return this.output(x, concat(images, 0, N));
  }

  /** Names of the state's tensors, for the graphs that decode, with their widths. */
  stateShapes(): Record<string, number> {
    const { config } = this;
    const shapes: Record<string, number> = {};
    for (let layer = 0; layer < config.layers; layer++) {
      for (const part of this.cell.state) shapes[`${part}${layer}`] = config.hiddenSize;
    }
    if (config.mode === 'par' || config.mode === 'merge')
      shapes.projection = Number(this.parameters['image.b'].shape[0]);
    return shapes;
  }

  private get cell() {
    return CELL_TABLE[this.config.cell];
  }

  private cellWeights(layer: number): CellWeights {
    return { Wh: this.parameters[`layer${layer}.Wh`], bh: this.parameters[`layer${layer}.bh`] };
  }

  /** Rows of the embedding matrix: the same as one-hot words times the matrix. */
  private embed(tokens: Expr): Expr {
    return this.drop(gather(this.parameters.embedding, tokens), 'embedding');
  }

  /** Wx x + b, for all rows in one product. */
  private project(layer: number, x: Expr): Expr {
    return add(matmul(x, this.parameters[`layer${layer}.Wx`]), this.parameters[`layer${layer}.b`]);
  }

  private output(h: Expr, image: Expr | undefined): Expr {
    const joined = this.config.mode === 'merge' ? concat([h, image!], 1) : h;
    return add(matmul(this.drop(joined, 'output'), this.parameters['output.W']), this.parameters['output.b']);
  }

  /** Zeros for every layer, as many rows as `like` has. */
  private zeroState(like: Expr): State[] {
    const zero = zeroRows(like, this.config.hiddenSize);
    const state = Object.fromEntries(this.cell.state.map((part) => [part, zero]));
    return Array.from({ length: this.config.layers }, () => state);
  }

  /** The blocks of [B, layers x parts x H] as states. */
  private stateFrom(all: Expr): State[] {
    const { layers, hiddenSize } = this.config;
    const parts = this.cell.state;
    const blocks = split(all, 1, new Array<number>(layers * parts.length).fill(hiddenSize));
    return Array.from({ length: layers }, (_, layer) =>
      Object.fromEntries(parts.map((part, i) => [part, blocks[layer * parts.length + i]])),
    );
  }
}
