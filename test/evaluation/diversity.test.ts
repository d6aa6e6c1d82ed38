import { describe, expect, it } from 'vitest';
import { diversity } from '../../src/evaluation/diversity.ts';

describe('diversity', () => {
  it('counts distinct captions, words used and the mean length', () => {
    const captions = ['a dog', 'a dog', 'a cat sleeps here'].map((caption) => caption.split(' '));
    expect(diversity(captions)).toEqual({ distinctCaptions: 2, vocabularyUsed: 5, meanLength: 8 / 3 });
  });

  it('is all zeros for no captions', () => {
    expect(diversity([])).toEqual({ distinctCaptions: 0, vocabularyUsed: 0, meanLength: 0 });
  });
});
