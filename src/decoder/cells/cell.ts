import type { Expr } from '../../graph/expr.ts';

/** A recurrent state: `h` [B,H], and for an LSTM the cell `c` [B,H]. */
export type State = Readonly<Record<string, Expr>>;

/** The cell's own weights at one layer, by name. */
export type CellWeights = Readonly<Record<string, Expr>>;

/** One step of a recurrent net, as a pure function that reads like its equations. */
export interface Cell {
  /** How many H-wide blocks the input projection has. */
  readonly gates: number;
  /** Names of the state's parts; the first is the output. */
  readonly state: readonly string[];
  /** Shapes of the cell's own weights, those from the previous state. */
  readonly weights: (H: number) => Readonly<Record<string, readonly number[]>>;
  /**
   * From the input's projection a = Wx x + b [B, gates x H] (made for all steps in one product) and the
   * previous state to the next state.
   */
  readonly step: (a: Expr, previous: State, weights: CellWeights, H: number) => State;
  /** Values that the bias of the input's projection starts with, per gate. */
  readonly initialBias: readonly number[];
}
