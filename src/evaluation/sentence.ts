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
  return { words, ngrams: ORDERS.map((order) => countNgrams(words, order)) };
}

function countNgrams(words: readonly string[], order: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let start = 0; start + order <= words.length; start++) {
    let ngram = words[start]!;
    for (let i = start + 1; i < start + order; i++) ngram += ` ${words[i]}`;
    counts.set(ngram, (counts.get(ngram) ?? 0) + 1);
  }
  return counts;
}
