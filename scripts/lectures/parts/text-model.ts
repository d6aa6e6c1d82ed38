import { CELL_TABLE, type CellName } from '../../../src/decoder/cells/table.ts';
import type { Expr } from '../../../src/graph/expr.ts';
import * as ops from '../../../src/graph/ops.ts';
import type { Tensor } from '../../../src/onnx/session.ts';
import type { Random } from '../../../src/random.ts';
import type { Arrays } from '../../../src/training/optimizer.ts';
import { Learner, type LearnerOptions } from './learner.ts';
import { unroll } from './unroll.ts';

/** The state of a recurrent net by its parts' names, each [B,H]. */
export type TextState = Readonly<Record<string, Tensor>>;

/**
 * A recurrent net that reads characters and foretells the next one: h = cell(Wx[character] + b, h), logits = h Wy + by.
 * With the rnn cell its weights are min-char-rnn's: Wx is its Wxh, Wh its Whh, b its bh, Wy its Why, all transposed.
 */
export class TextModel {
  readonly parameters: Readonly<Record<string, Expr>>;

  /**
   * @param V how many different characters there are
   * @param H hidden units
   */
  constructor(
    private readonly cell: CellName,
    V: number,
    private readonly H: number,
  ) {
    const { gates, weights } = CELL_TABLE[cell];
    const shapes = { Wx: [V, gates * H], b: [gates * H], ...weights(H), Wy: [H, V], by: [V] };
    this.parameters = Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => [name, ops.parameter(name, shape)]),
    );
  }

  /** Matrices normal with this standard deviation, biases 0 or as the cell asks. */
  initialWeights(random: Random, deviation: number): Map<string, Float32Array> {
    const { initialBias } = CELL_TABLE[this.cell];
    const first = (name: string, [rows, columns]: readonly number[]) => {
      if (columns !== undefined)
        return Float32Array.from({ length: rows * columns }, () => deviation * random.normal());
      const bias = (i: number) => (name === 'b' ? initialBias[Math.floor(i / this.H)] : 0);
      return Float32Array.from({ length: rows }, (_, i) => bias(i));
    };
    return new Map(
      Object.entries(this.parameters).map(([name, { shape }]) => [name, first(name, shape.map(Number))]),
    );
  }

  /** The state before the first character of B texts. */
  zeroState(B: number): TextState {
    const zeros = () => ({ dims: [B, this.H], data: new Float32Array(B * this.H) });
    return Object.fromEntries(CELL_TABLE[this.cell].state.map((part) => [part, zeros()]));
  }

  /**
   * T steps through B texts at once. Inputs: `ids` [T*B] int32, the first characters of all texts, then the second,
   * ..., and the state before them, by its parts' names. Gives the logits [T*B,V] and the state after them.
   */
  unroll(T: number, B: number): { readonly logits: Expr; readonly state: Readonly<Record<string, Expr>> } {
    const { Wx, b, Wy, by, ...own } = this.parameters;
    const cell = CELL_TABLE[this.cell];
    // A row of Wx is what one-hot times Wx would give: see one-hot-is-an-embedding.ts.
    const projected = ops.add(ops.gather(Wx, ops.input('ids', [T * B], 'int32')), b);
    const before = Object.fromEntries(cell.state.map((part) => [part, ops.input(part, [B, this.H])]));
    const [, ...states] = unroll(cell, projected, T, own, this.H, before);
    const h = ops.concat(
      states.map((state) => state[cell.state[0]]),
      0,
    );
    return { logits: ops.add(ops.matmul(h, Wy), by), state: states[T - 1] };
  }

  /** Learns T steps of B texts: inputs are a `lesson`'s and the state before it, outputs the state after it. */
  learner(T: number, B: number, weights: Arrays, options: LearnerOptions): Learner {
    const { logits, state } = this.unroll(T, B);
    const losses = ops.crossEntropy(logits, ops.input('targets', [T * B], 'int32'));
    const loss = ops.sum(ops.mul(losses, ops.input('shares', [T * B])));
    return Learner.create(loss, this.parameters, weights, options, state);
  }
}

/**
 * What a learner reads of B texts of up to T + 1 characters: `ids` [T*B], the `targets` [T*B] that come next, and the
 * `shares` [T*B] that these have in the loss: `share` each (nats), 0 behind the end of a text.
 */
export function lesson(
  texts: readonly ArrayLike<number>[],
  T: number,
  { share }: { readonly share: number },
): Record<string, Tensor> {
  const B = texts.length;
  const idAt = (i: number, ahead: number) => texts[i % B][Math.floor(i / B) + ahead] ?? 0;
  const isThere = (i: number) => Math.floor(i / B) + 1 < texts[i % B].length;
  const [dims, length] = [[T * B], T * B];
  return {
    ids: { dims, data: Int32Array.from({ length }, (_, i) => idAt(i, 0)) },
    targets: { dims, data: Int32Array.from({ length }, (_, i) => idAt(i, 1)) },
    shares: { dims, data: Float32Array.from({ length }, (_, i) => (isThere(i) ? share : 0)) },
  };
}
