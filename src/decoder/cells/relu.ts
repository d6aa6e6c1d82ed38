import { add, matmul, relu as rectified } from '../../graph/ops.ts';
import type { Cell } from './cell.ts';

/** A net of rectified units, as in Karpathy & Fei-Fei 2015 and m-RNN: h = max(0, Wxh x + Whh h). */
export const relu: Cell = {
  gates: 1,
  state: ['h'],
  weights: (H) => ({ Wh: [H, H] }),
  initialBias: [0],
  step: (a, { h }, { Wh }) => ({ h: rectified(add(matmul(h, Wh), a)) }),
};
