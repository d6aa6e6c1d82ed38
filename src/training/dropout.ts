import type { Random } from '../random.ts';

/** 1 keeps a unit, 0 (with probability `rate`, to 16 bits) switches it off. */
export function dropoutMask(size: number, rate: number, random: Random): Uint8Array {
  const threshold = Math.round(rate * 65536);
  const mask = new Uint8Array(size);
  for (let i = 0; i < size; ) {
    const bits = random.bits();
    mask[i++] = (bits & 0xffff) < threshold ? 0 : 1;
    mask[i++] = bits >>> 16 < threshold ? 0 : 1;
  }
  return mask;
}
