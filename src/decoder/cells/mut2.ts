import { add, matmul, mul, sigmoid, split, sub, tanh } from '../../graph/ops.ts';
import type { Cell } from './cell.ts';

/**
 * The second cell of Jozefowicz, Zaremba & Sutskever 2015 (section 3.3):
 * z = sigmoid(Wxz x + Whz h); r = sigmoid(x + Whr h); h = tanh(Whh (r h) + Wxh x) z + h (1 - z).
 * (The x in r is as wide as h in the paper; here the input's projection makes it so.)
 */
export const mut2: Cell = {
  gates: 3,
  state: ['h'],
  weights: (H) => ({ Wg: [H, 2 * H], Wh: [H, H] }),
  initialBias: [0, 0, 0],
  step: (a, { h }, { Wg, Wh }, H) => {
    const [ag, ax] = split(a, 1, [2 * H, H]);
    const [z, r] = split(sigmoid(add(ag, matmul(h, Wg))), 1, [H, H]);
    const g = tanh(add(matmul(mul(r, h), Wh), ax));
    return { h: add(mul(g, z), mul(h, sub(1, z))) };
  },
};
