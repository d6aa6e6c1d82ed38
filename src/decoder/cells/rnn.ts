import { add, matmul, tanh } from '../../graph/ops.ts';
import type { Cell } from './cell.ts';

/** Elman's net, the lectures' h = tanh(Wxh x + Whh h). */
export const rnn: Cell = {
  gates: 1,
  state: ['h'],
  weights: (H) => ({ Wh: [H, H] }),
  initialBias: [0],
  step: (a, { h }, { Wh }) => ({ h: tanh(add(matmul(h, Wh), a)) }),
};
