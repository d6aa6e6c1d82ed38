import { rnn } from '../../../src/decoder/cells/rnn.ts';
import * as ops from '../../../src/graph/ops.ts';

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
  const parameters = {
    Wx: ops.parameter('Wx', [2, H]),
    b: ops.parameter('b', [H]),
    Wh: ops.parameter('Wh', [H, H]),
    Wy: ops.parameter('Wy', [H, 2]),
    by: ops.parameter('by', [2]),
  };
  const { Wx, b, Wh, Wy, by } = parameters;
  const heard = ops.split(
    ops.add(ops.matmul(ops.input('x', [T * B, 2]), Wx), b),
    0,
    new Array<number>(T).fill(B),
  );
  let h = ops.zeroRows(heard[0], H);
  const hidden = heard.map((a) => {
    h = rnn.step(a, { h }, { Wh }, H).h;
    return h;
  });
  const logits = ops.add(ops.matmul(ops.concat(hidden.slice(DELAY), 0), Wy), by);
  const losses = ops.crossEntropy(logits, ops.input('targets', [BITS * B], 'int32'));
  return { parameters, logits, loss: ops.mul(ops.sum(losses), 1 / (BITS * B)) };
}
