import type { CaptionExample } from './batches.ts';

/**
 * Captions to learn, packed into three arrays. As half a million objects, which is COCO, the garbage collector
 * would go through them after every step, in about the time of the step itself.
 */
export class CaptionSet {
  private constructor(
    /** Row of the image of each caption, -1 for none. */
    private readonly images: Int32Array,
    /** Where each caption's words start in `words`; one more tells where the last one's end. */
    private readonly starts: Int32Array,
    private readonly words: Int32Array,
  ) {}

  static of(examples: Iterable<Omit<CaptionExample, 'weight'>>): CaptionSet {
    const images: number[] = [];
    const starts = [0];
    const words: number[] = [];
    for (const example of examples) {
      images.push(example.image ?? -1);
      for (const word of example.words) words.push(word);
      starts.push(words.length);
    }
    return new CaptionSet(Int32Array.from(images), Int32Array.from(starts), Int32Array.from(words));
  }

  /** The number of captions. */
  get length(): number {
    return this.images.length;
  }

  /** The number of words of caption `i`. */
  wordsIn(i: number): number {
    return this.starts[i + 1] - this.starts[i];
  }

  /** Caption `i`. */
  at(i: number): CaptionExample {
    const image = this.images[i];
    const words = [...this.words.subarray(this.starts[i], this.starts[i + 1])];
    return { image: image < 0 ? null : image, words };
  }
}
