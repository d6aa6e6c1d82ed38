import { add, matmul, mul, split, tanh } from '../../graph/ops.ts';
import type { Cell } from './cell.ts';

/**
 * The multiplicative RNN (Sutskever, Martens & Hinton 2011), whose input chooses the recurrent matrix through
 * three-way factors: m = (Wfx x) (Wfh h); h = tanh(Whf m + Whx x). There are as many factors as hidden units.
 */
export const mrnn: Cell = {
  gates: 2,
  state: ['h'],
  weights: (H) => ({ Wf: [H, H], Wh: [H, H] }),
  // With Wfx x around 1 it starts as a vanilla RNN; around 0, as in the paper, nothing would pass at first.
  initialBias: [1, 0],
  step: (a, { h }, { Wf, Wh }, H) => {
    const [factors, ax] = split(a, 1, [H, H]);
    const m = mul(factors, matmul(h, Wf));
    return { h: tanh(add(matmul(m, Wh), ax)) };
  },
};
