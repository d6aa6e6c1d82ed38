import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InternalError } from '../../src/errors.ts';
import { TOKENIZER_TABLE, tokenize } from '../../src/text/tokenizer.ts';
import {
  buildVocabulary,
  END,
  PAD,
  parseVocabulary,
  START,
  UNK,
  Vocabulary,
} from '../../src/text/vocabulary.ts';

const SPECIALS = ['<pad>', '<start>', '<end>', '<unk>'];
const captions = ['a dog runs', 'a cat sleeps', 'a dog sleeps', 'the end'].map(tokenize);

describe('buildVocabulary', () => {
  it('orders by falling count, then alphabetically, after the special words', () => {
    const all = buildVocabulary(captions, 1);
    expect(all.words).toEqual([...SPECIALS, 'a', 'dog', 'sleeps', 'cat', 'end', 'runs', 'the']);
    expect(all.size).toBe(11);
    expect(buildVocabulary([...captions].reverse(), 1).words).toEqual(all.words);
  });

  it('leaves out words seen less than the minimum count', () => {
    expect(buildVocabulary(captions, 2).words).toEqual([...SPECIALS, 'a', 'dog', 'sleeps']);
  });

  it('says so when no word is common enough', () => {
    expect(() => buildVocabulary(captions, 4)).toThrow(
      'expected words seen at least 4 times in the captions but got none (7 different words)',
    );
  });
});

describe('a vocabulary of characters', () => {
  const { split } = TOKENIZER_TABLE.char;
  const vocabulary = buildVocabulary(['a dog', 'a cat'].map(split), 1, 'char');

  it('holds the characters, and the sign for spaces as one of them', () => {
    expect(vocabulary.words).toEqual([...SPECIALS, 'a', '␣', 'c', 'd', 'g', 'o', 't']);
  });

  it('reads captions and writes them', () => {
    expect(vocabulary.encodeCaption('A goat!')).toEqual([4, 5, 8, 9, 4, 10]);
    expect(vocabulary.encodeCaption('a bat')).toEqual([4, 5, UNK, 4, 10]);
    expect(vocabulary.decode([START, 4, 5, 8, 9, 4, 10, END, 4])).toBe('a goat');
  });

  it('survives its file, which does not say what it holds', () => {
    const read = parseVocabulary(JSON.stringify(vocabulary), 'vocabulary.json', 'char');
    expect(read.decode(read.encodeCaption('a cat'))).toBe('a cat');
  });
});

describe('Vocabulary', () => {
  const vocabulary = buildVocabulary(captions, 2);

  it('numbers the special words 0 to 3', () => {
    expect([PAD, START, END, UNK].map((id) => vocabulary.words[id])).toEqual(SPECIALS);
  });

  it('encodes unknown words as UNK and adds nothing', () => {
    expect(vocabulary.encode(['a', 'zebra', 'sleeps'])).toEqual([4, UNK, 6]);
  });

  it('decodes up to END and skips PAD and START', () => {
    expect(vocabulary.decode([START, 4, PAD, 5, END, 6])).toBe('a dog');
    expect(vocabulary.decode([4, UNK])).toBe('a <unk>');
    expect(vocabulary.decode([END])).toBe('');
  });

  it('reports an id outside the vocabulary as our bug', () => {
    expect(() => vocabulary.decode([7])).toThrow(new InternalError('word id 7 is outside a vocabulary of 7'));
  });

  it('reports wrong words given to the constructor as our bug', () => {
    expect(() => new Vocabulary(['a'])).toThrow(/^internal: .* expected word 0 to be "<pad>" but got "a"/);
  });

  const words = fc.uniqueArray(fc.stringMatching(/^[a-z0-9']{1,8}$/), { minLength: 1, maxLength: 30 });

  it('decodes what it encodes', () => {
    fc.assert(
      fc.property(words, (tokens) => {
        const built = buildVocabulary([tokens], 1);
        expect(built.decode(built.encode(tokens))).toBe(tokens.join(' '));
      }),
    );
  });

  it('is the same after a round trip through JSON', () => {
    fc.assert(
      fc.property(words, (tokens) => {
        const built = buildVocabulary([tokens], 1);
        expect(parseVocabulary(JSON.stringify(built), 'vocabulary.json').words).toEqual(built.words);
      }),
    );
  });
});

describe('parseVocabulary', () => {
  it.each([
    ['[', 'expected m/vocabulary.json to be a JSON array of words but got text that is not JSON'],
    ['{"a": 1}', 'm/vocabulary.json: expected a JSON array of words but got {"a":1}'],
    ['[]', 'm/vocabulary.json: expected word 0 to be "<pad>" but got nothing'],
    ['["<pad>","<end>"]', 'm/vocabulary.json: expected word 1 to be "<start>" but got "<end>"'],
    [
      JSON.stringify([...SPECIALS, 'a', 'b', 'a']),
      'm/vocabulary.json: expected every word once but got "a" as words 4 and 6',
    ],
    [
      JSON.stringify([...SPECIALS, 5]),
      'm/vocabulary.json: expected word 4 to be text without spaces but got 5',
    ],
    [
      JSON.stringify([...SPECIALS, '']),
      'm/vocabulary.json: expected word 4 to be text without spaces but got ""',
    ],
  ])('%s: %s', (text, message) => {
    expect(() => parseVocabulary(text, 'm/vocabulary.json')).toThrow(
      expect.objectContaining({ name: 'UserError', message, hint: expect.stringContaining('the model') }),
    );
  });
});
