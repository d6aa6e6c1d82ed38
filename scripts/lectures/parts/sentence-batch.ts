import { ENGLISH, FRENCH, LONGEST, type SentencePair } from './english-french.ts';

const S = LONGEST;

/**
 * B sentences as the inputs of a net that translates them. Words are ids [S*B], all first words first: `english`,
 * `french`, and `before`, the word before each French one. Around a sentence there are full stops. `mask` [B,S] is 0
 * where the net may look and far below 0 where not: behind the end, or before the last state where it never `looksBack`.
 */
export function sentenceBatch(pairs: readonly SentencePair[], looksBack: boolean) {
  const B = pairs.length;
  const [english, french] = [pairs.map((pair) => pair.english), pairs.map((pair) => pair.french)];
  const mask = Float32Array.from({ length: B * S }, (_, i) => {
    const [b, j] = [Math.floor(i / S), i % S];
    return (looksBack ? j >= english[b].length : j < S - 1) ? -1e4 : 0;
  });
  return {
    english: wordIds(english, ENGLISH),
    mask: { dims: [B, S], data: mask },
    before: wordIds(french, FRENCH, 1),
    french: wordIds(french, FRENCH),
  };
}

/** The id of each word, or of the one `back` places before it. */
function wordIds(sentences: readonly (readonly string[])[], vocabulary: readonly string[], back = 0) {
  const B = sentences.length;
  const wordAt = (i: number) => sentences[i % B][Math.floor(i / B) - back];
  const data = Int32Array.from({ length: S * B }, (_, i) => Math.max(0, vocabulary.indexOf(wordAt(i))));
  return { dims: [S * B], data };
}
