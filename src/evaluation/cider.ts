import { InternalError } from '../errors.ts';
import { ORDERS, type Sentence } from './sentence.ts';

/** Width, in words, of the Gaussian that punishes a length unlike the reference's. */
const SIGMA = 6;

/** In how many images' references each n-gram occurs: what CIDEr's idf is made of. */
interface DocumentFrequencies {
  readonly images: number;
  /** `counts[n - 1]` maps an n-gram to the number of images whose references hold it. */
  readonly counts: readonly ReadonlyMap<string, number>[];
}

/** Counts, for every n-gram, the images whose references hold it. */
export function documentFrequencies(references: Iterable<readonly Sentence[]>): DocumentFrequencies {
  const counts = ORDERS.map(() => new Map<string, number>());
  let images = 0;
  for (const sentences of references) {
    images++;
    for (const order of ORDERS) {
      const frequency = counts[order - 1]!;
      const ofThisImage = new Set<string>();
      for (const { ngrams } of sentences)
        for (const ngram of ngrams[order - 1]!.keys()) ofThisImage.add(ngram);
      for (const ngram of ofThisImage) frequency.set(ngram, (frequency.get(ngram) ?? 0) + 1);
    }
  }
  return { images, counts };
}

interface WeighedReference {
  readonly sentence: Sentence;
  /** Euclidean length of the tf-idf vector of each order. */
  readonly norms: readonly number[];
}

/**
 * CIDEr-D (Vedantam et al., 2015) as coco-caption computes it: the cosine of tf-idf n-gram vectors,
 * clipped at the reference's counts, times exp(-(length difference)^2 / (2 sigma^2)); mean over
 * n = 1..4 and over references, times 10. Made once from the references, it then scores any number of
 * candidates, as self-critical training needs. The document frequencies are those of the references
 * unless those of another corpus are given; with a single image every idf, hence every score, is 0.
 */
export class CiderD<Id> {
  readonly #references = new Map<Id, readonly WeighedReference[]>();
  readonly #frequencies: DocumentFrequencies;
  readonly #logImages: number;

  constructor(
    references: ReadonlyMap<Id, readonly Sentence[]>,
    frequencies: DocumentFrequencies = documentFrequencies(references.values()),
  ) {
    this.#frequencies = frequencies;
    this.#logImages = Math.log(frequencies.images);
    for (const [image, sentences] of references) {
      const weighed = sentences.map((sentence) => ({ sentence, norms: this.#norms(sentence) }));
      this.#references.set(image, weighed);
    }
  }

  /** The score of one candidate for one image: 0 for nothing in common, about 10 for a perfect match. */
  score(image: Id, candidate: Sentence): number {
    const references = this.#references.get(image);
    if (references === undefined)
      throw new InternalError(`CIDEr-D was given no references of image ${image}`);
    let total = 0;
    for (const order of ORDERS) total += this.#similarity(candidate, references, order);
    return (10 * total) / (ORDERS.length * references.length);
  }

  /** Sum over the references of the clipped, length-punished cosine of one order. */
  #similarity(candidate: Sentence, references: readonly WeighedReference[], order: number): number {
    const products = references.map(() => 0);
    let square = 0;
    for (const [ngram, count] of candidate.ngrams[order - 1]!) {
      const idf2 = this.#idf(ngram, order) ** 2;
      square += count * count * idf2;
      references.forEach(({ sentence }, r) => {
        const inReference = sentence.ngrams[order - 1]!.get(ngram);
        if (inReference !== undefined) products[r]! += Math.min(count, inReference) * inReference * idf2;
      });
    }
    const norm = Math.sqrt(square);
    let sum = 0;
    references.forEach(({ sentence, norms }, r) => {
      const difference = bigrams(candidate) - bigrams(sentence);
      const norms2 = norm * norms[order - 1]!;
      if (norms2 > 0) sum += (products[r]! / norms2) * Math.exp(-(difference ** 2) / (2 * SIGMA ** 2));
    });
    return sum;
  }

  #idf(ngram: string, order: number): number {
    return this.#logImages - Math.log(Math.max(1, this.#frequencies.counts[order - 1]!.get(ngram) ?? 0));
  }

  #norms(sentence: Sentence): number[] {
    return ORDERS.map((order) => {
      let square = 0;
      for (const [ngram, count] of sentence.ngrams[order - 1]!)
        square += (count * this.#idf(ngram, order)) ** 2;
      return Math.sqrt(square);
    });
  }
}

/** coco-caption measures a caption's length by its bigrams. */
function bigrams(sentence: Sentence): number {
  return Math.max(0, sentence.words.length - 1);
}
