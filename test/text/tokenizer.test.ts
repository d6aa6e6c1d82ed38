import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TOKENIZER_TABLE, tokenize } from '../../src/text/tokenizer.ts';

describe('tokenize', () => {
  it.each([
    ['A man riding a wave on top of a surfboard.', 'a man riding a wave on top of a surfboard'],
    ['Two dogs , one black , RUN !', 'two dogs one black run'],
    ['a "stop" sign (red); no. 7/8', 'a stop sign red no 7 8'],
    ["it's the man's hat", "it's the man's hat"],
    ['it’s the man‘s hat', "it's the man's hat"],
    ["the dogs' 'quoted' bowl '", 'the dogs quoted bowl'],
    ['black-and-white T-shirt — new', 'black and white t shirt new'],
    ['cafe\u0301 CAF\u00c9', 'caf\u00e9 caf\u00e9'],
    ['I \u2764\ufe0f dogs \u{1f436}', 'i dogs'],
    ['snake_case #tag <unk> a&b', 'snake case tag unk a b'],
  ])('%j -> %j', (caption, words) => {
    expect(tokenize(caption).join(' ')).toBe(words);
  });

  it('gives no words for a caption without letters or digits', () => {
    expect(tokenize(' . -- \'" ')).toEqual([]);
  });

  it('never emits punctuation, upper case or an empty word, and is stable on its own output', () => {
    const caption = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: fc.constantFrom('A', 'b', "'", '’', '-', '.', ' ', '7') }),
    );
    fc.assert(
      fc.property(caption, (text) => {
        const tokens = tokenize(text);
        for (const token of tokens) {
          expect(token).toMatch(/^[\p{L}\p{N}\p{M}]+('[\p{L}\p{N}\p{M}]+)*$/u);
          expect(token).toBe(token.toLowerCase());
        }
        expect(tokenize(tokens.join(' '))).toEqual(tokens);
      }),
    );
  });
});

describe('characters', () => {
  const { split, join } = TOKENIZER_TABLE.char;

  it('are those of the words, with a sign for the spaces between', () => {
    expect(split("A dog's day.")).toEqual([..."a␣dog's␣day"]);
    expect(split(' . ')).toEqual([]);
  });

  it('are whole where they take two code units', () => {
    expect(split('𠮷 house')).toEqual(['𠮷', '␣', ...'house']);
  });

  it('make the caption that words make', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (caption) => {
        expect(join(split(caption))).toBe(tokenize(caption).join(' '));
      }),
    );
  });

  it('make a caption without spaces at its ends, whatever a model writes', () => {
    expect(join(['␣', 'a', '␣', 'b', '␣'])).toBe('a b');
  });
});
