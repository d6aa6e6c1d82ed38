/** How varied a set of captions is: a model that collapses onto few sentences shows here, not in BLEU. */
export interface Diversity {
  /** Captions that differ in at least one word. */
  readonly distinctCaptions: number;
  /** Different words used in all captions together. */
  readonly vocabularyUsed: number;
  /** Mean number of words in a caption. */
  readonly meanLength: number;
}

/** Measures tokenised captions. */
export function diversity(captions: readonly (readonly string[])[]): Diversity {
  const distinct = new Set(captions.map((words) => words.join(' ')));
  const length = captions.reduce((sum, words) => sum + words.length, 0);
  return {
    distinctCaptions: distinct.size,
    vocabularyUsed: new Set(captions.flat()).size,
    meanLength: captions.length === 0 ? 0 : length / captions.length,
  };
}
