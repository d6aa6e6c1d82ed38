import { add, matmul, mul, sigmoid, split, sub, tanh } from '../../graph/ops.ts';
import type { Cell } from './cell.ts';

/**
 * Gated recurrent unit (Cho et al. 2014), with the reset gate after the product as in cuDNN:
 * z, r = sigmoid(..); n = tanh(a_n + r (Whn h + bhn)); h = (1 - z) n + z h.
 */
export const gru: Cell = {
  gates: 3,
  state: ['h'],
  weights: (H) => ({ Wh: [H, 3 * H], bh: [3 * H] }),
  initialBias: [0, 0, 0],
  step: (a, { h }, { Wh, bh }, H) => {
    const [ax, an] = split(a, 1, [2 * H, H]);
    const [hx, hn] = split(add(matmul(h, Wh), bh), 1, [2 * H, H]);
    const [z, r] = split(sigmoid(add(ax, hx)), 1, [H, H]);
    const n = tanh(add(an, mul(r, hn)));
    return { h: add(mul(sub(1, z), n), mul(z, h)) };
  },
};
