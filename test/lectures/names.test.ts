import { describe, expect, test } from 'vitest';
import { inventNames } from '../../scripts/lectures/names.ts';
import { Random } from '../../src/random.ts';

const OPTIONS = {
  ...{ cell: 'gru' as const, hiddenSize: 32, batchSize: 16, steps: 300, learningRate: 0.01 },
  ...{ count: 200, temperature: 1, seed: 1 },
};

/** What the names are made of: two to four of 25 syllables, 406,250 names in all. */
const NAME = /^([bklmt][aeiou]){2,4}$/;
const random = new Random(7);
const letter = (letters: string) => letters[random.int(letters.length)];
const syllables = () =>
  Array.from({ length: 2 + random.int(3) }, () => letter('bklmt') + letter('aeiou')).join('');
const NAMES = [...new Set(Array.from({ length: 150 }, syllables))];

describe('names', () => {
  test('invents names that are new and made like those it has learned', async () => {
    const losses: number[] = [];

    const { written, distinct, fresh } = await inventNames(NAMES, OPTIONS, (_step, loss) =>
      losses.push(loss),
    );

    expect(losses.at(-1)).toBeLessThan(0.7 * losses[0]);
    expect(written).toHaveLength(200);
    expect(distinct).toEqual([...new Set(written)].filter((name) => name !== ''));
    expect(fresh).toEqual(distinct.filter((name) => !NAMES.includes(name)));
    expect(fresh.length).toBeGreaterThan(100);
    expect(written.filter((name) => NAME.test(name)).length).toBeGreaterThan(0.85 * written.length);
  });

  test('does not call new what it knows by heart', async () => {
    const { written, distinct, fresh } = await inventNames(['Ada', 'Grace'], {
      ...OPTIONS,
      temperature: 0.3,
    });

    expect(written).toHaveLength(200);
    expect([...distinct].sort()).toEqual(['Ada', 'Grace']);
    expect(fresh).toEqual([]);
  });
});
