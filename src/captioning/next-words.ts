import { UserError } from '../errors.ts';
import { END, UNK } from '../text/vocabulary.ts';

/** How long a caption may be, in words (END not counted). */
interface LengthLimits {
  readonly minLength: number;
  readonly maxLength: number;
}

/** Which words may follow: never PAD, START or UNK, END not too early, and after the last word only END. */
export class NextWords {
  readonly #limits: LengthLimits;
  /** END, then every real word. */
  readonly #ids: Int32Array;

  constructor(vocabularySize: number, limits: LengthLimits) {
    this.#limits = limits;
    // The specials are the ids up to UNK.
    const firstWord = UNK + 1;
    const words = Math.max(0, vocabularySize - firstWord);
    this.#ids = new Int32Array(1 + words).map((_, i) => (i === 0 ? END : firstWord + i - 1));
  }

  /** Ids that may follow `length` words, in increasing order. */
  after(length: number): Int32Array {
    const { minLength, maxLength } = this.#limits;
    return this.#ids.subarray(length < minLength ? 1 : 0, length < maxLength ? this.#ids.length : 1);
  }
}

/** The error for a model that computes NaN: nothing can be ranked then. */
export function notANumber(length: number): UserError {
  return new UserError(
    `expected the model to give log-probabilities but got NaN after ${length} ${length === 1 ? 'word' : 'words'}: its weights are broken`,
    { hint: 'take another model, or train it again with a lower learning rate' },
  );
}
