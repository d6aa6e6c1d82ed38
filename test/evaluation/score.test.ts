import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readCandidates, readReferences } from '../../src/evaluation/coco-files.ts';
import { type ImageId, scoreCaptions } from '../../src/evaluation/score.ts';

type Metrics = Record<'Bleu_1' | 'Bleu_2' | 'Bleu_3' | 'Bleu_4' | 'ROUGE_L' | 'CIDEr', number>;
interface ScoreGolden<Candidates, References> {
  generatedBy: string;
  candidates: Candidates;
  references: References;
  scores: Metrics;
  ciderOf?: Record<string, number>;
}

function golden<Candidates, References>(name: string): ScoreGolden<Candidates, References> {
  return JSON.parse(readFileSync(new URL(`golden/${name}.json`, import.meta.url), 'utf8'));
}

function expectScores(
  candidates: ReadonlyMap<string, string>,
  references: ReadonlyMap<string, readonly string[]>,
  expected: { scores: Metrics; ciderOf?: Record<string, number> },
  digits: number,
): void {
  const scores = scoreCaptions(candidates, references);
  for (const [name, value] of Object.entries(expected.scores)) {
    expect(scores[name as keyof Metrics], name).toBeCloseTo(value, digits);
  }
  for (const [image, value] of Object.entries(expected.ciderOf ?? {})) {
    expect(scores.ciderOf.get(image), `CIDEr of image ${image}`).toBeCloseTo(value, digits);
  }
}

describe('scoreCaptions', () => {
  it.each(['made-up', 'nlg-eval'])('agrees with the golden scores of %s', (name) => {
    const expected = golden<Record<string, string>, Record<string, string[]>>(name);
    // nlg-eval publishes six decimals.
    const digits = name === 'nlg-eval' ? 6 : 10;
    const candidates = new Map(Object.entries(expected.candidates));
    expectScores(candidates, new Map(Object.entries(expected.references)), expected, digits);
  });

  it('agrees with the golden scores of the sample files', async () => {
    const expected = golden<string, string>('sample');
    const path = (file: string) => fileURLToPath(new URL(`../../${file}`, import.meta.url));
    const candidates = await readCandidates(path(expected.candidates));
    expectScores(candidates, await readReferences(path(expected.references)), expected, 10);
  });

  it('reports how varied the captions are', () => {
    const scores = scoreCaptions(
      new Map([
        [1, 'A dog.'],
        [2, 'a dog'],
        [3, 'a cat sleeps'],
      ]),
      new Map([1, 2, 3].map((image) => [image, ['a dog runs']])),
    );
    expect(scores).toMatchObject({ images: 3, distinctCaptions: 2, vocabularyUsed: 4, meanLength: 7 / 3 });
  });

  it('gives the mean of the CIDEr of the images', () => {
    const scores = scoreCaptions(
      new Map([
        ['a', 'a dog runs fast'],
        ['b', 'no match'],
      ]),
      new Map([
        ['a', ['a dog runs fast']],
        ['b', ['two cats sleep here']],
      ]),
    );
    expect(scores.ciderOf.get('a')).toBeCloseTo(10, 10);
    expect(scores.ciderOf.get('b')).toBe(0);
    expect(scores.CIDEr).toBeCloseTo(5, 10);
  });

  it('refuses images that only one set has, and names them', () => {
    const captions = (images: ImageId[]) => new Map(images.map((image) => [image, 'a dog']));
    const references = (images: ImageId[]) => new Map(images.map((image) => [image, ['a dog']]));
    const names = { candidates: 'mine.json', references: 'theirs.json' };
    const scoring = (ours: ImageId[], theirs: ImageId[]) => () =>
      scoreCaptions(captions(ours), references(theirs), names);
    expect(scoring([1, 2], [1])).toThrow(
      'expected the same images in mine.json and theirs.json but got image 2 without a caption in theirs.json',
    );
    expect(scoring([1], [1, 'x', 3])).toThrow('but got images x, 3 without a caption in mine.json');
    expect(scoring([1, 9], [1, 2, 3, 4, 5, 6, 7])).toThrow(
      'but got image 9 without a caption in theirs.json, and 6 images (2, 3, 4, 5, 6, ...) without a caption in mine.json',
    );
    expect(scoring([], [1])).toThrow('expected captions in mine.json but got none');
  });

  it('refuses an image with an empty list of references', () => {
    const scoring = () => scoreCaptions(new Map([[7, 'a dog']]), new Map([[7, []]]));
    expect(scoring).toThrow('but got image 7 without a caption in the references');
  });

  it('scores 5,000 images with 5 references each in about a second', () => {
    const vocabulary = Array.from({ length: 3000 }, (_, i) => `w${i.toString(36).replace(/\d/g, 'q')}`);
    let state = 1;
    const below = (limit: number) => {
      state = (state * 48271) % 2147483647;
      // Squaring makes low numbers, the frequent words, likelier.
      return Math.floor((state / 2147483647) ** 2 * limit);
    };
    const caption = () =>
      `${Array.from({ length: 8 + below(6) }, () => vocabulary[below(vocabulary.length)]).join(' ')}.`;
    const images = Array.from({ length: 5000 }, (_, image) => image);
    const candidates = new Map(images.map((image) => [image, caption()]));
    const references = new Map(images.map((image) => [image, Array.from({ length: 5 }, caption)]));
    const started = performance.now();
    expect(scoreCaptions(candidates, references).images).toBe(5000);
    // A generous bound, so that a busy machine doesn't fail the test.
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
