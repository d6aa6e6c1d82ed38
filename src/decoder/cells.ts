import type { Expr } from '../graph/expr.ts';
import { add, matmul, mul, sigmoid, split, sub, tanh } from '../graph/ops.ts';
import type { CellName } from './config.ts';

/** A recurrent state: `h` [B,H], and for an LSTM the cell `c` [B,H]. */
export type State = Readonly<Record<string, Expr>>;

/** The cell's own weights at one layer. */
export interface CellWeights {
  /** [H, gates x H], from the previous hidden state */
  readonly Wh: Expr;
  /** [gates x H], for cells that add a bias inside a gate */
  readonly bh: Expr;
}

/** One step of a recurrent net, as a pure function that reads like its equations. */
export interface Cell {
  /** How many H-wide blocks the input projection has. */
  readonly gates: number;
  /** Names of the state's parts; the first is the output. */
  readonly state: readonly string[];
  /**
   * From the input's projection a = Wx x + b [B, gates x H] (made for all steps in one product) and the
   * previous state to the next state.
   */
  readonly step: (a: Expr, previous: State, weights: CellWeights, hidden: number) => State;
  /** Values that the bias starts with, per gate; an LSTM's forget gate starts open (Jozefowicz et al. 2015). */
  readonly initialBias: readonly number[];
}

export const CELL_TABLE: Readonly<Record<CellName, Cell>> = {
  /** Elman's net, the lectures' h = tanh(Wxh x + Whh h). */
  rnn: {
    gates: 1,
    state: ['h'],
    initialBias: [0],
    step: (a, { h }, { Wh }) => ({ h: tanh(add(matmul(h, Wh), a)) }),
  },

  /**
   * Long short-term memory (Hochreiter & Schmidhuber 1997, with forget gates):
   * i, f, o = sigmoid(..), g = tanh(..); c = f c + i g; h = o tanh(c).
   */
  lstm: {
    gates: 4,
    state: ['h', 'c'],
    initialBias: [0, 1, 0, 0],
    step: (a, { h, c }, { Wh }, H) => {
      const z = add(matmul(h, Wh), a);
      const [gates, candidate] = split(z, 1, [3 * H, H]);
      const [i, f, o] = split(sigmoid(gates), 1, [H, H, H]);
      const g = tanh(candidate);
      const next = add(mul(f, c), mul(i, g));
      return { h: mul(o, tanh(next)), c: next };
    },
  },

  /**
   * Gated recurrent unit (Cho et al. 2014), with the reset gate after the product as in cuDNN:
   * z, r = sigmoid(..); n = tanh(a_n + r (Whn h + bhn)); h = (1 - z) n + z h.
   */
  gru: {
    gates: 3,
    state: ['h'],
    initialBias: [0, 0, 0],
    step: (a, { h }, { Wh, bh }, H) => {
      const [ax, an] = split(a, 1, [2 * H, H]);
      const [hx, hn] = split(add(matmul(h, Wh), bh), 1, [2 * H, H]);
      const [z, r] = split(sigmoid(add(ax, hx)), 1, [H, H]);
      const n = tanh(add(an, mul(r, hn)));
      return { h: add(mul(sub(1, z), n), mul(z, h)) };
    },
  },
};
