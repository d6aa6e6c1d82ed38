import type { CaptionExample } from './batches.ts';

/** Captions packed into three arrays, which also travel between threads. */
export interface CaptionArrays {
  /** Row of the image of each caption, -1 for none. */
  readonly images: Int32Array;
  /** Where each caption's words start in `words`; one more tells where the last one's end. */
  readonly starts: Int32Array;
  readonly words: Int32Array;
}

/**
 * Captions to learn. As half a million objects, which is COCO, the garbage collector would go through them
 * after every step, in about the time of the step itself: hence arrays.
 */
export class CaptionSet {
  constructor(readonly arrays: CaptionArrays) {}

  static of(examples: Iterable<Omit<CaptionExample, 'weight'>>): CaptionSet {
    const images: number[] = [];
    const starts = [0];
    const words: number[] = [];
    for (const example of examples) {
      images.push(example.image ?? -1);
      for (const word of example.words) words.push(word);
      starts.push(words.length);
    }
    return new CaptionSet({
      images: Int32Array.from(images),
      starts: Int32Array.from(starts),
      words: Int32Array.from(words),
    });
  }

  /** The number of captions. */
  get length(): number {
    return this.arrays.images.length;
  }

  /** The number of words of caption `i`. */
  wordsIn(i: number): number {
    const { starts } = this.arrays;
    return starts[i + 1] - starts[i];
  }

  /** Caption `i`. */
  at(i: number): CaptionExample {
    const { images, starts, words } = this.arrays;
    const image = images[i];
    return { image: image < 0 ? null : image, words: [...words.subarray(starts[i], starts[i + 1])] };
  }
}
