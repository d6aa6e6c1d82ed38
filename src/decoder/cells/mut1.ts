import { add, matmul, mul, sigmoid, split, sub, tanh } from '../../graph/ops.ts';
import type { Cell } from './cell.ts';

/**
 * The first of three cells that an evolutionary search found (Jozefowicz, Zaremba & Sutskever 2015, section 3.3):
 * z = sigmoid(Wxz x); r = sigmoid(Wxr x + Whr h); h = tanh(Whh (r h) + tanh(Wxh x) + bh) z + h (1 - z).
 * (The paper's tanh(x) has x as wide as h; here the input's projection makes it so.)
 */
export const mut1: Cell = {
  gates: 3,
  state: ['h'],
  weights: (H) => ({ Wr: [H, H], Wh: [H, H], bh: [H] }),
  initialBias: [0, 0, 0],
  step: (a, { h }, { Wr, Wh, bh }, H) => {
    const [az, ar, ax] = split(a, 1, [H, H, H]);
    const z = sigmoid(az);
    const r = sigmoid(add(ar, matmul(h, Wr)));
    const g = tanh(add(add(matmul(mul(r, h), Wh), bh), tanh(ax)));
    return { h: add(mul(g, z), mul(h, sub(1, z))) };
  },
};
