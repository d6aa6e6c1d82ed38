import { expect, test } from 'vitest';
import { CaptionSet } from '../../src/training/caption-set.ts';

test('gives back what it was made of', () => {
  const examples = [
    { image: 7, words: [4, 5, 6] },
    { image: null, words: [70_000] },
    { image: 0, words: [] },
    { image: 119_999, words: [3, 3] },
  ];
  const set = CaptionSet.of(examples);
  expect(set.length).toBe(4);
  expect(examples.map((_, i) => set.at(i))).toEqual(examples);
  expect(examples.map((_, i) => set.wordsIn(i))).toEqual([3, 1, 0, 2]);
  expect(JSON.stringify(set.at(0))).toBe(JSON.stringify(examples[0]));
});

test('may be empty', () => {
  expect(CaptionSet.of([]).length).toBe(0);
});
