import type { Expr } from '../graph/expr.ts';
import {
  add,
  concat,
  firstRows,
  gather,
  matmul,
  mul,
  sigmoid,
  split,
  sub,
  tanh,
  zeroRows,
} from '../graph/ops.ts';
import type { Cell, CellWeights, State } from './cells/cell.ts';
import { CELL_TABLE } from './cells/table.ts';
import type { DecoderConfig } from './config.ts';
import type { Parameters } from './parameters.ts';

/** What a decoder remembers of an image and the words so far. */
export interface DecoderState {
  readonly layers: readonly State[];
  /** The projected image [B, imageWidth], where it enters beside words: nothing in `init` and `pre`. */
  readonly image?: Expr;
}

/** Switches off units of an activation while training; the identity otherwise. */
export type Drop = (x: Expr, place: 'image' | 'embedding' | 'output') => Expr;

const keep: Drop = (x) => x;

/** One decoder: its equations over its parameters. Training unrolls them, decoding takes one step. */
export class Decoder {
  private readonly cell: Cell;

  constructor(
    readonly config: DecoderConfig,
    readonly parameters: Parameters,
    private readonly drop: Drop = keep,
  ) {
    this.cell = CELL_TABLE[config.cell];
  }

  /** The state before the first word, from the image feature v [B,F]. */
  start(v: Expr): DecoderState {
    const { config, parameters: p } = this;
    const image = add(matmul(this.drop(v, 'image'), p['image.W']), p['image.b']);
    switch (config.mode) {
      case 'init':
        return { layers: this.stateFrom(tanh(image)) };
      case 'pre': {
        // The image is the word before <start>; its output is not used.
        const { layers } = this.read(image, this.firstState(image), undefined);
        return { layers };
      }
      default:
        return { layers: this.firstState(image), image };
    }
  }

  /** One step: the last word [B] -> logits [B,V] and the next state. */
  step(token: Expr, previous: DecoderState): { logits: Expr; state: DecoderState } {
    const word = this.embed(token);
    const { h, layers } = this.read(word, previous.layers, previous.image);
    const logits = this.output(h, word, previous.image);
    return { logits, state: { layers, image: this.imageAfter(previous.image) } };
  }

  /**
   * All steps of many captions at once, for teacher forcing. `inputs` [N] are the words that each step
   * reads, step after step; `cut` divides N rows into the steps' own: B captions at the first, fewer later,
   * because captions are sorted by falling length and drop out when they end. Returns logits [N,V].
   */
  unroll(inputs: Expr, start: DecoderState, cut: (rows: Expr) => Expr[]): Expr {
    const N = inputs.shape[0];
    const words = this.embed(inputs);
    let x = words;
    let steps: Expr[] = [];
    start.layers.forEach((initial, layer) => {
      steps = cut(this.project(layer, x));
      let state = initial;
      const outputs = steps.map((step, t) => {
        const reads = this.readsImage(layer) && (t === 0 || this.config.mode !== 'first');
        const a = reads ? add(step, firstRows(start.image!, step)) : step;
        const previous = Object.fromEntries(Object.entries(state).map(([k, s]) => [k, firstRows(s, step)]));
        state = this.advance(layer, a, previous);
        return state.h;
      });
      x = this.highway(layer, concat(outputs, 0, N), x);
    });
    if (!this.showsImage()) return this.output(x, words, undefined);
    const images = steps.map((step) => firstRows(start.image!, step));
    return this.output(x, words, concat(images, 0, N));
  }

  /** Names of the state's tensors, for the graphs that decode, with their widths. */
  stateShapes(): Record<string, number> {
    const { layers, hiddenSize, mode } = this.config;
    const shapes: Record<string, number> = {};
    for (let layer = 0; layer < layers; layer++) {
      for (const part of this.cell.state) shapes[`${part}${layer}`] = hiddenSize;
    }
    if (mode !== 'init' && mode !== 'pre') shapes.projection = Number(this.parameters['image.b'].shape[0]);
    return shapes;
  }

  /** Whether the image is added to what this layer reads. */
  private readsImage(layer: number): boolean {
    switch (this.config.mode) {
      case 'par':
      case 'first':
        return layer === 0;
      case 'factored':
        return layer === this.config.layers - 1;
      default:
        return false;
    }
  }

  /** Whether the image takes part in the words' logits. */
  private showsImage(): boolean {
    return this.config.mode === 'merge' || this.config.mode === 'multimodal';
  }

  /** What the next step sees of the image: after the first step nothing in mode `first`. */
  private imageAfter(image: Expr | undefined): Expr | undefined {
    return image && this.config.mode === 'first' ? zeroRows(image, Number(image.shape[1])) : image;
  }

  /** Reads x through all layers: the last one's output, and the next state of each. */
  private read(x: Expr, previous: readonly State[], image: Expr | undefined) {
    let h = x;
    const layers = previous.map((state, layer) => {
      let a = this.project(layer, h);
      if (this.readsImage(layer)) a = add(a, image!);
      const next = this.advance(layer, a, state);
      h = this.highway(layer, next.h, h);
      return next;
    });
    return { h, layers };
  }

  private advance(layer: number, a: Expr, state: State): State {
    return this.cell.step(a, state, this.cellWeights(layer), this.config.hiddenSize);
  }

  private cellWeights(layer: number): CellWeights {
    const names = Object.keys(this.cell.weights(this.config.hiddenSize));
    return Object.fromEntries(names.map((name) => [name, this.parameters[`layer${layer}.${name}`]]));
  }

  /** Rows of the embedding matrix: the same as one-hot words times the matrix. */
  private embed(tokens: Expr): Expr {
    return this.drop(gather(this.parameters.embedding, tokens), 'embedding');
  }

  /** Wx x + b, for all rows in one product. */
  private project(layer: number, x: Expr): Expr {
    return add(matmul(x, this.parameters[`layer${layer}.Wx`]), this.parameters[`layer${layer}.b`]);
  }

  /** Highway connection (Srivastava et al. 2015) around a layer above the first: t h + (1 - t) x, t = sigmoid(W x + b). */
  private highway(layer: number, h: Expr, x: Expr): Expr {
    if (!this.config.highway || layer === 0) return h;
    const { parameters: p } = this;
    const t = sigmoid(add(matmul(x, p[`layer${layer}.highway.W`]), p[`layer${layer}.highway.b`]));
    return add(mul(t, h), mul(sub(1, t), x));
  }

  private output(h: Expr, word: Expr, image: Expr | undefined): Expr {
    const { mode } = this.config;
    const { parameters: p } = this;
    const joined =
      mode === 'merge'
        ? concat([h, image!], 1)
        : mode === 'multimodal'
          ? this.multimodal(h, word, image!)
          : h;
    return add(matmul(this.drop(joined, 'output'), p['output.W']), p['output.b']);
  }

  /** m-RNN's multimodal layer (Mao et al. 2015, equations 3 and 4): g(V_w w + V_r r + V_I I), g(x) = 1.7159 tanh(2x/3). */
  private multimodal(h: Expr, word: Expr, image: Expr): Expr {
    const { parameters: p } = this;
    const sum = add(add(matmul(word, p['multimodal.Wx']), matmul(h, p['multimodal.Wh'])), image);
    return mul(tanh(mul(sum, 2 / 3)), 1.7159);
  }

  /** The state of every layer before anything is read, as many rows as `like` has. */
  private firstState(like: Expr): State[] {
    const zero = zeroRows(like, this.config.hiddenSize);
    return Array.from({ length: this.config.layers }, (_, layer) => {
      const learnt = (part: string) => add(zero, this.parameters[`layer${layer}.initial.${part}`]);
      return Object.fromEntries(
        this.cell.state.map((part) => [part, this.config.learnedState ? learnt(part) : zero]),
      );
    });
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
