import { InternalError } from './errors.ts';

/** The whole state of a generator: four unsigned 32-bit words. */
export type RandomState = readonly [number, number, number, number];

/**
 * A seeded generator that gives the same numbers on every machine: sfc32 (Chris Doty-Humphrey's "small
 * fast counter" generator from PractRand), 128 bits of state, seeded as PractRand does. Not for secrets.
 */
export class Random {
  #a = 0;
  #b: number;
  #c: number;
  #counter = 1;

  /** @param seed a whole number from 0 to 2^53 - 1 */
  constructor(seed: number) {
    [this.#b, this.#c] = halves(seed);
    this.#mix();
  }

  /** The generator that was in this state: `Random.fromState(r.state)` goes on where `r` stands. */
  static fromState(state: RandomState): Random {
    const random = new Random(0);
    [random.#a, random.#b, random.#c, random.#counter] = state;
    return random;
  }

  /** The present state, for checkpoints. */
  get state(): RandomState {
    return [this.#a >>> 0, this.#b >>> 0, this.#c >>> 0, this.#counter >>> 0];
  }

  /**
   * An independent generator that depends on this one's state and the key (a whole number), and leaves
   * this one as it is: one for each image or sample, whatever order they are used in.
   */
  fork(key: number): Random {
    const [low, high] = halves(key);
    // Another counter keeps key 0 from being this same stream a few numbers on.
    const child = Random.fromState([this.#a, this.#b ^ high, this.#c ^ low, this.#counter ^ 0x9e3779b9]);
    child.#mix();
    return child;
  }

  /** Uniform in [0, 1), a multiple of 2^-32. */
  next(): number {
    return this.bits() / 2 ** 32;
  }

  /** A whole number from 0 to n - 1, each equally likely; n is at most 2^32. */
  int(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > 2 ** 32) {
      throw new InternalError(`expected int(n) with n from 1 to 2^32 but got ${n}`);
    }
    // Draws from the incomplete last run of n values would favour the small ones: draw again.
    const limit = 2 ** 32 - (2 ** 32 % n);
    let bits = this.bits();
    while (bits >= limit) bits = this.bits();
    return bits % n;
  }

  /** Normal with mean 0 and standard deviation 1 (Box and Muller 1958; two uniform draws each). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()));
    return radius * Math.cos(2 * Math.PI * this.next());
  }

  /** The next 32 random bits as an unsigned number: sfc32's step. */
  bits(): number {
    const result = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0;
    return result >>> 0;
  }

  /** Spreads a fresh seed over all the words of the state. */
  #mix(): void {
    for (let i = 0; i < 12; i++) this.bits();
  }
}

/** The low and high 32 bits of a whole number below 2^53. */
function halves(n: number): [number, number] {
  if (!Number.isSafeInteger(n) || n < 0) {
    throw new InternalError(`expected a seed from 0 to 2^53 - 1 but got ${n}`);
  }
  return [n >>> 0, Math.floor(n / 2 ** 32)];
}
