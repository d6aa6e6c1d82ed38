import { InternalError, UserError } from '../errors.ts';
import { TOKENIZER_TABLE, type TokenizerName } from './tokenizer.ts';

/** Fills a caption up to the length of its batch; never predicted. */
export const PAD = 0;
/** The input before the first word; never predicted. */
export const START = 1;
/** Predicted after the last word. */
export const END = 2;
/** Stands for every word outside the vocabulary. */
export const UNK = 3;

const SPECIALS = ['<pad>', '<start>', '<end>', '<unk>'] as const;

/** The words (or characters) that a model knows. A word's id is its place: 0..3 are `<pad> <start> <end> <unk>`. */
export class Vocabulary {
  /** Words in id order, the four special ones included. */
  readonly words: readonly string[];
  readonly #ids: ReadonlyMap<string, number>;

  constructor(
    words: readonly string[],
    /** How captions are cut into these. */
    readonly tokenizer: TokenizerName = 'word',
  ) {
    const problem = problemOf(words);
    if (problem) throw new InternalError(`a vocabulary was built wrongly: ${problem}`);
    this.words = [...words];
    this.#ids = new Map(words.map((word, id) => [word, id]));
  }

  /** V: the number of words, the four special ones included. */
  get size(): number {
    return this.words.length;
  }

  /** Ids of the words of one caption; a word that is not here becomes `UNK`. Adds no `START` or `END`. */
  encode(tokens: readonly string[]): number[] {
    return tokens.map((token) => this.#ids.get(token) ?? UNK);
  }

  /** Ids of a caption's words; see `encode`. */
  encodeCaption(caption: string): number[] {
    return this.encode(TOKENIZER_TABLE[this.tokenizer].split(caption));
  }

  /** The caption up to the first `END`; `PAD` and `START` are left out. */
  decode(ids: Iterable<number>): string {
    const words: string[] = [];
    for (const id of ids) {
      if (id === END) break;
      if (id === PAD || id === START) continue;
      const word = this.words[id];
      if (word === undefined)
        throw new InternalError(`word id ${id} is outside a vocabulary of ${this.size}`);
      words.push(word);
    }
    return TOKENIZER_TABLE[this.tokenizer].join(words);
  }

  /** What `vocabulary.json` holds: the words in id order. */
  toJSON(): readonly string[] {
    return this.words;
  }
}

/**
 * The vocabulary of tokenized captions: every word seen at least `minCount` times, commonest first,
 * equal counts in alphabetical (code unit) order, so that the same captions always give the same ids.
 */
export function buildVocabulary(
  captions: Iterable<readonly string[]>,
  minCount: number,
  tokenizer: TokenizerName = 'word',
): Vocabulary {
  const counts = new Map<string, number>();
  for (const tokens of captions) {
    for (const token of tokens) counts.set(token, (counts.get(token) ?? 0) + 1);
  }
  const kept = [...counts].filter(([, count]) => count >= minCount);
  if (kept.length === 0) {
    throw new UserError(
      `expected words seen at least ${minCount} times in the captions but got none (${counts.size} different words)`,
      { hint: 'lower the minimum count or train on more captions' },
    );
  }
  kept.sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return new Vocabulary([...SPECIALS, ...kept.map(([word]) => word)], tokenizer);
}

/** The vocabulary in the text of a `vocabulary.json`; errors name `path`. */
export function parseVocabulary(text: string, path: string, tokenizer: TokenizerName = 'word'): Vocabulary {
  const hint = 'a vocabulary belongs to the model trained with it: restore the copy that came with the model';
  let words: unknown;
  try {
    words = JSON.parse(text);
  } catch (error) {
    throw new UserError(`expected ${path} to be a JSON array of words but got text that is not JSON`, {
      hint,
      cause: error,
    });
  }
  const problem = problemOf(words);
  if (problem) throw new UserError(`${path}: ${problem}`, { hint });
  return new Vocabulary(words as string[], tokenizer);
}

/** What keeps `words` from being a vocabulary, or nothing. */
function problemOf(words: unknown): string | undefined {
  if (!Array.isArray(words)) return `expected a JSON array of words but got ${preview(words)}`;
  for (const [id, special] of SPECIALS.entries()) {
    if (words[id] !== special) return `expected word ${id} to be "${special}" but got ${preview(words[id])}`;
  }
  const ids = new Map<string, number>();
  for (const [id, word] of words.entries()) {
    if (typeof word !== 'string' || !/^\S+$/u.test(word)) {
      return `expected word ${id} to be text without spaces but got ${preview(word)}`;
    }
    const earlier = ids.get(word);
    if (earlier !== undefined)
      return `expected every word once but got "${word}" as words ${earlier} and ${id}`;
    ids.set(word, id);
  }
  return undefined;
}

function preview(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}
