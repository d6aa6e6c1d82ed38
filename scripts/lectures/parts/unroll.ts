import type { Cell, CellWeights, State } from '../../../src/decoder/cells/cell.ts';
import type { Expr } from '../../../src/graph/expr.ts';
import { split, zeroRows } from '../../../src/graph/ops.ts';

/**
 * T steps of a cell.
 * @param projected what its gates get from the inputs, Wx x + b, rows step after step: [T*B, gates x H]
 * @param first the state before the first step: zeros unless given
 * @returns that state and the one after each step: T + 1 of them
 */
export function unroll(
  cell: Cell,
  projected: Expr,
  T: number,
  weights: CellWeights,
  H: number,
  first?: State,
): State[] {
  const steps = split(projected, 0, Array<number>(T).fill(Number(projected.shape[0]) / T));
  const zeros = () => Object.fromEntries(cell.state.map((part) => [part, zeroRows(steps[0], H)]));
  const states: State[] = [first ?? zeros()];
  for (const a of steps) states.push(cell.step(a, states.at(-1)!, weights, H));
  return states;
}
