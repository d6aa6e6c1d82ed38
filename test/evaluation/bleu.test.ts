import { describe, expect, it } from 'vitest';
import { bleu } from '../../src/evaluation/bleu.ts';
import { sentence } from '../../src/evaluation/sentence.ts';

const pair = (candidate: string, ...references: string[]) => ({
  candidate: sentence(candidate.split(' ')),
  references: references.map((reference) => sentence(reference.split(' '))),
});

describe('bleu', () => {
  it('is 1 for a perfect match', () => {
    for (const score of bleu([pair('a dog runs on the beach', 'a dog runs on the beach')])) {
      expect(score).toBeCloseTo(1, 6);
    }
  });

  it('clips counts at the largest in one reference (the example of Papineni et al., 2002)', () => {
    const [bleu1] = bleu([
      pair('the the the the the the the', 'the cat is on the mat', 'there is a cat on the mat'),
    ]);
    expect(bleu1).toBeCloseTo(2 / 7, 8);
  });

  it('multiplies the precisions of all orders up to n', () => {
    // Unigrams 3/4, bigrams 1/3, no trigram.
    const [bleu1, bleu2, bleu3] = bleu([pair('a b x d', 'a b c d')]);
    expect(bleu1).toBeCloseTo(3 / 4, 8);
    expect(bleu2).toBeCloseTo(Math.sqrt((3 / 4) * (1 / 3)), 8);
    expect(bleu3).toBeLessThan(1e-4);
  });

  it('punishes brevity by exp(1 - reference length / candidate length)', () => {
    expect(bleu([pair('a dog', 'a dog runs fast')])[0]).toBeCloseTo(Math.exp(1 - 4 / 2), 8);
  });

  it('takes the shorter of two references that are equally close', () => {
    // Length 3 against 2 and 4: with 2 there is no penalty, with 4 it would be exp(-1/3).
    expect(bleu([pair('a b c', 'a b', 'a b c d')])[0]).toBeCloseTo(1, 8);
    expect(bleu([pair('a b c', 'a b c d', 'a b')])[0]).toBeCloseTo(1, 8);
  });

  it('takes the closest reference, not the shortest', () => {
    expect(bleu([pair('a b c', 'a', 'a b c d')])[0]).toBeCloseTo(Math.exp(1 - 4 / 3), 8);
  });

  it('sums over images before dividing', () => {
    // 1 of 1 and 1 of 3 right: 2/4, not the mean 2/3.
    expect(bleu([pair('a', 'a'), pair('b x y', 'b c d')])[0]).toBeCloseTo(2 / 4, 8);
  });
});
