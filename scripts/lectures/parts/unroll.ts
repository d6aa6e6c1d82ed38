import type { Cell, CellWeights, State } from '../../../src/decoder/cells/cell.ts';
import type { Expr } from '../../../src/graph/expr.ts';
import { split, zeroRows } from '../../../src/graph/ops.ts';

/**
 * T steps of a cell from a state of zeros.
 * @param projected what its gates get from the inputs, Wx x + b, rows step after step: [T*B, gates x H]
 * @returns the state before the first step and after each: T + 1 of them
 */
export function unroll(cell: Cell, projected: Expr, T: number, weights: CellWeights, H: number): State[] {
  const steps = split(projected, 0, Array<number>(T).fill(Number(projected.shape[0]) / T));
  const states: State[] = [Object.fromEntries(cell.state.map((part) => [part, zeroRows(steps[0], H)]))];
  for (const a of steps) states.push(cell.step(a, states.at(-1)!, weights, H));
  return states;
}
