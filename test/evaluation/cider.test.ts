import { describe, expect, it } from 'vitest';
import { CiderD, documentFrequencies } from '../../src/evaluation/cider.ts';
import { sentence } from '../../src/evaluation/sentence.ts';

const parse = (text: string) => sentence(text.split(' ').filter((word) => word !== ''));
const references = (sets: Record<string, string[]>) =>
  new Map(Object.entries(sets).map(([image, captions]) => [image, captions.map(parse)]));

// Every n-gram is in one of two images, so every idf is log 2 and cancels out of the cosines.
const twoImages = references({ one: ['a b'], two: ['c d'] });

describe('CiderD', () => {
  it('gives 10 for a perfect match of at least four words', () => {
    const cider = new CiderD(references({ one: ['a dog runs fast'], two: ['two cats sleep here'] }));
    expect(cider.score('one', parse('a dog runs fast'))).toBeCloseTo(10, 10);
    expect(cider.score('two', parse('a dog runs fast'))).toBe(0);
  });

  it('gives nothing for the orders that a short match has not', () => {
    expect(new CiderD(twoImages).score('two', parse('c d'))).toBeCloseTo((10 * 2) / 4, 10);
  });

  it('is the cosine of tf-idf vectors, times 10, over four orders', () => {
    expect(new CiderD(twoImages).score('one', parse('a c'))).toBeCloseTo((10 * 0.5) / 4, 10);
  });

  it("clips a repeated word at the reference's count (the D of CIDEr-D)", () => {
    // min(2, 1) x 1 over the norms 2 and sqrt 2.
    expect(new CiderD(twoImages).score('one', parse('a a'))).toBeCloseTo(10 / (2 * Math.SQRT2) / 4, 10);
  });

  it('punishes a difference in length by a Gaussian of sigma 6', () => {
    const expected = (10 * Math.SQRT1_2 * Math.exp(-1 / 72)) / 4;
    expect(new CiderD(twoImages).score('one', parse('a'))).toBeCloseTo(expected, 10);
  });

  it('is the mean over the references', () => {
    const cider = new CiderD(references({ one: ['a b', 'e f'], two: ['c d'] }));
    expect(cider.score('one', parse('a b'))).toBeCloseTo((10 * 2) / 4 / 2, 10);
  });

  it('is 0 with a single image, where every idf is 0', () => {
    expect(new CiderD(references({ one: ['a dog runs fast'] })).score('one', parse('a dog runs fast'))).toBe(
      0,
    );
  });

  it('weighs words by how few images have them, counting an image once', () => {
    const cider = new CiderD(references({ one: ['the cat', 'the cat'], two: ['the dog'], three: ['a dog'] }));
    // "the" has idf log 3/2, "cat" log 3: the rarer word is worth more.
    expect(cider.score('one', parse('cat'))).toBeGreaterThan(cider.score('one', parse('the')));
  });

  it('takes document frequencies from another corpus', () => {
    const corpus = documentFrequencies(references({ 1: ['a x'], 2: ['a y'], 3: ['z'], 4: ['z'] }).values());
    const cider = new CiderD(references({ one: ['a b'] }), corpus);
    // idf: a log 4/2, b log 4/1.
    const [a, b] = [Math.log(2), Math.log(4)];
    const cosine = (a * a) / (a * Math.hypot(a, b));
    expect(cider.score('one', parse('a'))).toBeCloseTo((10 * cosine * Math.exp(-1 / 72)) / 4, 10);
  });

  it('gives 0 to an empty caption and refuses an unknown image', () => {
    const cider = new CiderD(twoImages);
    expect(cider.score('one', parse(''))).toBe(0);
    expect(() => cider.score('three', parse('a'))).toThrow(
      'internal: CIDEr-D was given no references of image three',
    );
  });
});
