import { describe, expect, it } from 'vitest';
import { buildVocabulary, UNK } from '../../src/text/vocabulary.ts';
import { captionExamples, textExamples } from '../../src/training/examples.ts';

const vocabulary = buildVocabulary([['a', 'dog', 'runs'], ['a', 'cat'], ['a']], 1);
const [a] = vocabulary.encode(['a']);
const [cat, dog] = vocabulary.encode(['cat', 'dog']);
const photo = (key: string, captions: string[]) => ({ key, image: `/${key}`, split: undefined, captions });

describe('captionExamples', () => {
  it('turns captions into ids, each with the row of its image', () => {
    const images = [photo('1.jpg', ['A dog.', 'A zebra']), photo('2.jpg', ['!!!', 'a cat'])];
    const rows = new Map([
      ['1.jpg', 7],
      ['2.jpg', 0],
    ]);
    const set = captionExamples(images, vocabulary, (key) => rows.get(key));
    // The caption without words is left out.
    expect(Array.from({ length: set.length }, (_, i) => set.at(i))).toEqual([
      { image: 7, words: [a, dog] },
      { image: 7, words: [a, UNK] },
      { image: 0, words: [a, cat] },
    ]);
  });

  it('names images that have no feature, three at most', () => {
    const images = ['1', '2', '3', '4', '5'].map((key) => photo(key, ['a dog']));
    const call = () => captionExamples(images, vocabulary, (key) => (key === '2' ? 0 : undefined));
    expect(call).toThrow('expected a feature for every image but 4 have none, such as 1, 3, 4');
    expect(call).toThrow(
      expect.objectContaining({
        name: 'UserError',
        hint: 'extract the missing ones with caption features, into the same file',
      }),
    );
  });
});

describe('textExamples', () => {
  it('turns captions without photographs into ids', () => {
    const set = textExamples(['A dog, a cat!', '', ' ... ', 'Zebras'], vocabulary);
    expect(Array.from({ length: set.length }, (_, i) => set.at(i))).toEqual([
      { image: null, words: [a, dog, a, cat] },
      { image: null, words: [UNK] },
    ]);
  });

  it('may have none', () => {
    expect(textExamples([], vocabulary).length).toBe(0);
  });
});
