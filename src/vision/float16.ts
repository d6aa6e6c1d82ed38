/**
 * Numbers of 16 bits (IEEE 754 binary16: sign, 5 bits of exponent, 10 of fraction), which Node 20 has no arrays
 * of: what they stand for, and the nearest one to a float32.
 */

/** The largest, (2 - 2^-10) 2^15. */
const MAX = 65504;

/** What each of the 65,536 patterns of bits stands for. */
const VALUES = Float32Array.from({ length: 1 << 16 }, (_, bits) => {
  const sign = bits >> 15 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
});

/** Writes what `bits` stand for into `into`, from `offset` on. */
export function fromFloat16(bits: Uint16Array, into: Float32Array, offset: number): void {
  for (let i = 0; i < bits.length; i++) into[offset + i] = VALUES[bits[i]!]!;
}

/** The nearest numbers of 16 bits; of two equally near, the even one. A RangeError where the nearest would be infinite. */
export function toFloat16(values: Float32Array): Uint16Array {
  const bits = new Uint16Array(values.length);
  const one = new Float32Array(1);
  const pattern = new Uint32Array(one.buffer);
  for (let i = 0; i < values.length; i++) {
    one[0] = values[i]!;
    const sign = (pattern[0]! >>> 16) & 0x8000;
    const size = pattern[0]! & 0x7fffffff;
    if (size >= 0x7f800000) {
      bits[i] = sign | (size > 0x7f800000 ? 0x7e00 : 0x7c00);
    } else if (size < 0x38800000) {
      // Below 2^-14 they are the multiples of 2^-24, and so are the float32 from 0.5 to 1: the sum is rounded to one.
      one[0] = Math.abs(values[i]!) + 0.5;
      bits[i] = sign | (pattern[0]! - 0x3f000000);
    } else {
      // 13 bits of fraction go: added to, they carry into the others where these have to be rounded up.
      const rounded = size + 0xfff + ((size >>> 13) & 1);
      if (rounded >= 0x47800000) {
        throw new RangeError(`float16 holds numbers from -${MAX} to ${MAX} but got ${values[i]}`);
      }
      // The exponent counts from -14 instead of -126.
      bits[i] = sign | ((rounded - 0x38000000) >>> 13);
    }
  }
  return bits;
}
