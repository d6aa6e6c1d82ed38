/** The n-gram orders that BLEU-4 and CIDEr-D use. */
export const ORDERS = [1, 2, 3, 4] as const;

/** A tokenised caption with its n-grams counted once for all metrics. */
export interface Sentence {
  readonly words: readonly string[];
  /** `ngrams[n - 1]` maps an n-gram (its words joined by spaces) to how often it occurs. */
  readonly ngrams: readonly ReadonlyMap<string, number>[];
}

/** Counts the n-grams, n = 1..4, of a list of words. */
export function sentence(words: readonly string[]): Sentence {
  const ngrams = ORDERS.map(() => new Map<string, number>());
  words.forEach((first, start) => {
    let ngram = first;
    for (const order of ORDERS) {
      if (start + order > words.length) break;
      if (order > 1) ngram += ` ${words[start + order - 1]}`;
      const counts = ngrams[order - 1]!;
      counts.set(ngram, (counts.get(ngram) ?? 0) + 1);
    }
  });
  return { words, ngrams };
}
