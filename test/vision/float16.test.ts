import { expect, test } from 'vitest';
import { fromFloat16, toFloat16 } from '../../src/vision/float16.ts';

/** What the bits of one number stand for, by the definition of binary16. */
function value(bits: number): number {
  const into = new Float32Array(1);
  fromFloat16(Uint16Array.of(bits), into, 0);
  return into[0]!;
}

const bitsOf = (...values: number[]) => [...toFloat16(Float32Array.from(values))];

test.each([
  [0x0000, 0],
  [0x8000, -0],
  [0x0001, 2 ** -24],
  [0x03ff, 1023 * 2 ** -24],
  [0x0400, 2 ** -14],
  [0x3555, 1365 / 4096],
  [0x3c00, 1],
  [0xc000, -2],
  [0x7bff, 65504],
  [0x7c00, Infinity],
  [0xfc00, -Infinity],
  [0x7e00, Number.NaN],
])('bits %i stand for %d', (bits, expected) => {
  expect(value(bits)).toBe(expected);
  expect(bitsOf(expected)).toEqual([bits]);
});

test('every number of 16 bits comes back', () => {
  const all = Uint16Array.from({ length: 1 << 16 }, (_, bits) => bits);
  const values = new Float32Array(all.length);
  fromFloat16(all, values, 0);
  const back = toFloat16(values);
  const changed = [...all].filter((bits) => back[bits] !== bits && !Number.isNaN(values[bits]));
  expect(changed).toEqual([]);
});

test('what lies between two of them goes to the nearer one, from the middle to the even one', () => {
  // A number in float32 has 13 bits more: the middle is exact, and so are its neighbours.
  const wrong: number[] = [];
  for (let bits = 0; bits < 0x7bff; bits++) {
    const [low, high] = [value(bits), value(bits + 1)];
    const middle = (low + high) / 2;
    const step = (high - low) / 4096;
    const even = bits % 2 === 0 ? bits : bits + 1;
    const rounded = bitsOf(middle - step, middle, middle + step, -middle);
    const expected = [bits, even, bits + 1, even | 0x8000];
    if (expected.some((want, i) => rounded[i] !== want)) wrong.push(bits);
  }
  expect(wrong).toEqual([]);
});

test('numbers that would become infinite are refused', () => {
  expect(bitsOf(65519.99)).toEqual([0x7bff]);
  for (const large of [65520, -65520, 1e30]) {
    expect(() => bitsOf(large)).toThrow(/^float16 holds numbers from -65504 to 65504 but got /);
  }
});
