import { add, matmul, mul, sigmoid, split, tanh } from '../../graph/ops.ts';
import type { Cell } from './cell.ts';

/**
 * Long short-term memory (Hochreiter & Schmidhuber 1997, with forget gates):
 * i, f, o = sigmoid(..), g = tanh(..); c = f c + i g; h = o tanh(c).
 */
export const lstm: Cell = {
  gates: 4,
  state: ['h', 'c'],
  weights: (H) => ({ Wh: [H, 4 * H] }),
  // The forget gate starts open (Jozefowicz et al. 2015).
  initialBias: [0, 1, 0, 0],
  step: (a, { h, c }, { Wh }, H) => {
    const z = add(matmul(h, Wh), a);
    const [gates, candidate] = split(z, 1, [3 * H, H]);
    const [i, f, o] = split(sigmoid(gates), 1, [H, H, H]);
    const g = tanh(candidate);
    const next = add(mul(f, c), mul(i, g));
    return { h: mul(o, tanh(next)), c: next };
  },
};
