import { add, matmul, mul, sigmoid, split, sub, tanh } from '../../graph/ops.ts';
import type { Cell } from './cell.ts';

/**
 * The third cell of Jozefowicz, Zaremba & Sutskever 2015 (section 3.3):
 * z = sigmoid(Wxz x + Whz tanh(h)); r = sigmoid(Wxr x + Whr h); h = tanh(Whh (r h) + Wxh x) z + h (1 - z).
 */
export const mut3: Cell = {
  gates: 3,
  state: ['h'],
  weights: (H) => ({ Wz: [H, H], Wr: [H, H], Wh: [H, H] }),
  initialBias: [0, 0, 0],
  step: (a, { h }, { Wz, Wr, Wh }, H) => {
    const [az, ar, ax] = split(a, 1, [H, H, H]);
    const z = sigmoid(add(az, matmul(tanh(h), Wz)));
    const r = sigmoid(add(ar, matmul(h, Wr)));
    const g = tanh(add(matmul(mul(r, h), Wh), ax));
    return { h: add(mul(g, z), mul(h, sub(1, z))) };
  },
};
