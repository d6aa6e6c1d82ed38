import type { Tensor } from '../../../src/onnx/session.ts';
import type { Random } from '../../../src/random.ts';

/** B sums a + b, the least significant bits of all of them first. Bits are 0 or 1, each list is [T*B]. */
export interface BinarySums {
  readonly a: readonly number[];
  readonly b: readonly number[];
  readonly sum: readonly number[];
  /** Out of each column. */
  readonly carry: readonly number[];
  /** What a net hears and what it should say: `bits` [T*B,2] and `sums` [T*B]. */
  readonly inputs: Readonly<Record<'bits' | 'sums', Tensor>>;
}

/** B sums of random numbers; they have a bit more than these, T = bits + 1. */
export function binarySums(random: Random, B: number, bits: number): BinarySums {
  const [a, b, sum, carry]: number[][] = [[], [], [], []];
  for (let t = 0; t <= bits; t++) {
    for (let i = 0; i < B; i++) {
      a.push(t < bits ? random.int(2) : 0);
      b.push(t < bits ? random.int(2) : 0);
      const total = a.at(-1)! + b.at(-1)! + (carry[(t - 1) * B + i] ?? 0);
      sum.push(total % 2);
      carry.push(total >= 2 ? 1 : 0);
    }
  }
  const heard = { dims: [sum.length, 2], data: Float32Array.from(a.flatMap((bit, i) => [bit, b[i]])) };
  return {
    a,
    b,
    sum,
    carry,
    inputs: { bits: heard, sums: { dims: [sum.length], data: Int32Array.from(sum) } },
  };
}

/** The first number of B, as one writes it: the most significant bit first. */
export function firstNumber(bits: readonly number[], B: number): string {
  return bits
    .filter((_, i) => i % B === 0)
    .reverse()
    .join('');
}
