import { describe, expect, test } from 'vitest';
import { isRight, type Translation } from '../../scripts/lectures/parts/greedy-translation.ts';
import { learnToTranslate } from '../../scripts/lectures/translate.ts';

const options = { hiddenSize: 32, steps: 200, seed: 1 };

/** The place of the English word that was looked at most for a French one. */
const lookedAt = ({ attention }: Translation, word: number) =>
  attention.at(word)!.indexOf(Math.max(...attention.at(word)!));

describe('translate', () => {
  test('translates sentences that it never saw, and looks where the grammar says', async () => {
    const translations = await learnToTranslate(options, true);
    expect(translations).toHaveLength(200);
    expect(translations.filter(isRight).length).toBeGreaterThan(170);

    // the red house: la maison rouge
    const coloured = translations.filter(
      (one) => isRight(one) && /^(red|green|white|black)$/.test(one.english[1]),
    );
    expect(coloured.length).toBeGreaterThan(20);
    const crossed = coloured.filter((one) => lookedAt(one, 1) === 2 && lookedAt(one, 2) === 1);
    expect(crossed.length / coloured.length).toBeGreaterThan(0.8);

    for (const { english, said, attention } of translations) {
      expect(attention).toHaveLength(said.length);
      for (const row of attention) {
        expect(row).toHaveLength(english.length);
        expect(row.reduce((a, b) => a + b)).toBeCloseTo(1, 4);
      }
    }
  });

  test('can not, as fast, with all of the sentence in one vector', async () => {
    const translations = await learnToTranslate(options, false);
    expect(translations.filter(isRight).length).toBeLessThan(100);
  });
});
