/** Everything that is written for an apostrophe: typographic quotes, modifier letters, accents, full width. */
const APOSTROPHES = /[‘’‛ʼʹ′`´＇]/gu;

/** A word starts with a letter or digit; an apostrophe belongs to it only between two such characters. */
const WORD = /[\p{L}\p{N}][\p{L}\p{M}\p{N}]*(?:'[\p{L}\p{N}][\p{L}\p{M}\p{N}]*)*/gu;

/**
 * The words of a caption, as the decoder learns them: lower case, Unicode NFC, no punctuation.
 *
 * - Apostrophes inside a word stay and are written `'` (`it’s` -> `it's`); others go (`dogs'` -> `dogs`).
 * - Digits stay (`no. 7` -> `no 7`).
 * - Hyphens split (`black-and-white` -> `black and white`): most compounds are too rare for a vocabulary
 *   of their own, their parts are not.
 *
 * A caption without letters or digits gives no words. This is not the tokenizer that scores are
 * computed with: that one follows the Penn Treebank.
 */
export function tokenize(caption: string): string[] {
  const text = caption.normalize('NFC').toLowerCase().normalize('NFC').replace(APOSTROPHES, "'");
  return text.match(WORD) ?? [];
}

/** How captions are cut for a decoder: into words, or into characters (`A dog.` -> a ␣ d o g). */
export const TOKENIZERS = ['word', 'char'] as const;
export type TokenizerName = (typeof TOKENIZERS)[number];

interface Tokenizer {
  /** What a token is called. */
  readonly unit: string;
  /** The tokens of a caption; a caption without letters or digits gives none. */
  readonly split: (caption: string) => string[];
  /** The caption that tokens make. */
  readonly join: (tokens: readonly string[]) => string;
}

/** Stands for the space between two words, as vocabularies hold no spaces. */
const SPACE = '␣';

export const TOKENIZER_TABLE: Readonly<Record<TokenizerName, Tokenizer>> = {
  word: { unit: 'word', split: tokenize, join: (words) => words.join(' ') },
  char: {
    unit: 'character',
    split: (caption) => [...tokenize(caption).join(SPACE)],
    join: (characters) => characters.join('').replaceAll(SPACE, ' ').trim(),
  },
};
