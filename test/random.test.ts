import { describe, expect, it } from 'vitest';
import { Random } from '../src/random.ts';

/** sfc32 written a second time from its definition, on big integers. */
function* sfc32(seed: bigint): Generator<number> {
  const mask = 0xffffffffn;
  let [a, b, c, counter] = [0n, seed & mask, seed >> 32n, 1n];
  for (let i = 0; ; i++) {
    const result = (a + b + counter) & mask;
    counter = (counter + 1n) & mask;
    a = b ^ (b >> 9n);
    b = (c + (c << 3n)) & mask;
    c = ((((c << 21n) | (c >> 11n)) & mask) + result) & mask;
    if (i >= 12) yield Number(result);
  }
}

const draws = (random: Random, n: number) => Array.from({ length: n }, () => random.next());

describe('Random', () => {
  it.each([0, 1, 12345, 2 ** 32 + 7, Number.MAX_SAFE_INTEGER])('is sfc32 (seed %d)', (seed) => {
    const reference = sfc32(BigInt(seed));
    const expected = Array.from({ length: 100 }, () => (reference.next().value as number) / 2 ** 32);
    expect(draws(new Random(seed), 100)).toEqual(expected);
  });

  it('goes on from a state that went through JSON', () => {
    const random = new Random(5);
    draws(random, 17);
    const state = JSON.parse(JSON.stringify(random.state));
    expect(draws(Random.fromState(state), 20)).toEqual(draws(random, 20));
  });

  it('forks streams that differ by key and leave the parent alone', () => {
    const parent = new Random(3);
    const before = parent.state;
    const streams = [0, 1, 2, 2 ** 40].map((key) => draws(parent.fork(key), 50));
    expect(parent.state).toEqual(before);
    expect(draws(parent.fork(2), 50)).toEqual(streams[2]);
    const all = [...streams, draws(parent, 200)].flat();
    expect(new Set(all).size).toBe(all.length);
  });

  it('is uniform, also over int(n)', () => {
    const random = new Random(11);
    const tenths = new Array<number>(10).fill(0);
    const sevenths = new Array<number>(7).fill(0);
    for (let i = 0; i < 70_000; i++) {
      tenths[Math.floor(random.next() * 10)]!++;
      sevenths[random.int(7)]!++;
    }
    const chiSquare = (counts: number[]) =>
      counts.reduce((sum, n) => sum + (n - 70_000 / counts.length) ** 2 / (70_000 / counts.length), 0);
    expect(chiSquare(tenths)).toBeLessThan(27.9); // 99.9 % point at 9 degrees of freedom
    expect(chiSquare(sevenths)).toBeLessThan(22.5); // and at 6
  });

  it('draws normal numbers', () => {
    const random = new Random(2);
    const values = Array.from({ length: 100_000 }, () => random.normal());
    const moment = (k: number) => values.reduce((sum, x) => sum + x ** k, 0) / values.length;
    expect(moment(1)).toBeCloseTo(0, 1.5);
    expect(Math.abs(moment(2) - 1)).toBeLessThan(0.02);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.15);
    expect(values.filter((x) => Math.abs(x) > 1.96).length / values.length).toBeCloseTo(0.05, 2);
  });

  it('refuses seeds and ranges that it would fold together', () => {
    expect(() => new Random(-1)).toThrow('internal: expected a seed from 0 to 2^53 - 1 but got -1');
    expect(() => new Random(0.5)).toThrow('but got 0.5');
    expect(() => new Random(1).int(0)).toThrow('expected int(n) with n from 1 to 2^32 but got 0');
  });
});
