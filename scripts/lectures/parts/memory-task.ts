import { rnn } from '../../../src/decoder/cells/rnn.ts';
import * as ops from '../../../src/graph/ops.ts';
import { unroll } from './unroll.ts';

/** A net hears so many bits and says each of them so many steps later. All 2^BITS sequences are one batch. */
export const BITS = 5;
export const DELAY = 20;
const T = DELAY + BITS;
const B = 2 ** BITS;

/** `x` [T*B,2], step after step: the bit as -1 or 1, and whether one is asked for. `targets` [BITS*B] are the bits. */
export function memoryTask() {
  const x = new Float32Array(T * B * 2);
  const targets = new Int32Array(BITS * B);
  for (let sequence = 0; sequence < B; sequence++) {
    for (let k = 0; k < BITS; k++) {
      const bit = (sequence >> k) & 1;
      x[2 * (k * B + sequence)] = 2 * bit - 1;
      x[2 * ((DELAY + k) * B + sequence) + 1] = 1;
      targets[k * B + sequence] = bit;
    }
  }
  return { x: { dims: [T * B, 2], data: x }, targets: { dims: [BITS * B], data: targets } };
}

/** A vanilla RNN for them: logits [BITS*B,2], and the mean cross-entropy in nats. */
export function memoryNet(H: number) {
  const { add, input, matmul, parameter } = ops;
  const [Wx, Wh, b] = [parameter('Wx', [2, H]), parameter('Wh', [H, H]), parameter('b', [H])];
  const [Wy, by] = [parameter('Wy', [H, 2]), parameter('by', [2])];
  const [, ...states] = unroll(rnn, add(matmul(input('x', [T * B, 2]), Wx), b), T, { Wh }, H);
  const asked = states.slice(DELAY).map(({ h }) => h);
  const logits = add(matmul(ops.concat(asked, 0), Wy), by);
  const losses = ops.crossEntropy(logits, input('targets', [BITS * B], 'int32'));
  return { weights: { Wx, Wh, b, Wy, by }, logits, loss: ops.mul(ops.sum(losses), 1 / (BITS * B)) };
}
