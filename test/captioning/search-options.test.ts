import { describe, expect, it } from 'vitest';
import { type SearchRequest, searchOptions } from '../../src/captioning/search-options.ts';
import { UserError } from '../../src/errors.ts';

describe('searchOptions', () => {
  it('fills in the defaults', () => {
    expect(searchOptions()).toEqual({
      sample: false,
      beam: 3,
      count: 1,
      minLength: 1,
      maxLength: 20,
      lengthPenalty: 0,
      temperature: 1,
      topK: undefined,
      topP: 1,
      seed: 0,
    });
  });

  it('takes what is asked for', () => {
    const request = { sample: true, temperature: 0.7, topK: 40, topP: 0.9, seed: 12, count: 4 };
    expect(searchOptions(request)).toMatchObject(request);
  });

  it('widens the default beam to the count', () => {
    expect(searchOptions({ count: 5 }).beam).toBe(5);
  });

  it('takes the defaults of a model, and widens its lengths', () => {
    const model = { beam: 2, minLength: 4, maxLength: 9, lengthPenalty: 0.5 };
    expect(searchOptions({}, model)).toMatchObject(model);
    expect(searchOptions({ minLength: 12 }, model)).toMatchObject({ minLength: 12, maxLength: 12 });
    expect(searchOptions({ maxLength: 3 }, model)).toMatchObject({ minLength: 3, maxLength: 3 });
    expect(searchOptions({ lengthPenalty: 0 }, model).lengthPenalty).toBe(0);
  });

  const mistakes: [SearchRequest, string][] = [
    [{ beam: 0 }, 'expected --beam to be a whole number from 1 to 1000 but got 0'],
    [{ beam: Number.NaN }, 'expected --beam to be a whole number from 1 to 1000 but got NaN'],
    [{ beam: 1e9 }, 'expected --beam to be a whole number from 1 to 1000 but got 1000000000'],
    // Not the beam or the length that they would widen.
    [{ count: 1001 }, 'expected --count to be a whole number from 1 to 1000 but got 1001'],
    [{ minLength: 1001 }, 'expected --min-length to be a whole number from 0 to 1000 but got 1001'],
    [{ minLength: Number.NaN }, 'expected --min-length to be a whole number from 0 to 1000 but got NaN'],
    [{ maxLength: -5 }, 'expected --max-length to be a whole number from 1 to 1000 but got -5'],
    [{ count: 0 }, 'expected --count to be a whole number from 1 to 1000 but got 0'],
    [{ count: 4, beam: 3 }, "expected --count to be at most the beam's width 3 but got 4"],
    [{ minLength: -1 }, 'expected --min-length to be a whole number from 0 to 1000 but got -1'],
    [{ maxLength: 0 }, 'expected --max-length to be a whole number from 1 to 1000 but got 0'],
    [{ maxLength: 2.5 }, 'expected --max-length to be a whole number from 1 to 1000 but got 2.5'],
    [{ minLength: 9, maxLength: 8 }, 'expected --min-length to be at most --max-length 8 but got 9'],
    [{ lengthPenalty: -1 }, 'expected --length-penalty to be a number, 0 or more, but got -1'],
    [{ sample: true, temperature: 0 }, 'expected --temperature to be a number, more than 0, but got 0'],
    [{ sample: true, temperature: Infinity }, 'expected --temperature to be a number'],
    [{ sample: true, topK: 0 }, 'expected --top-k to be a whole number from 1 to 9007199254740991 but got 0'],
    [{ sample: true, topP: 0 }, 'expected --top-p to be a number, more than 0 and at most 1, but got 0'],
    [{ sample: true, topP: 1.1 }, 'expected --top-p to be a number, more than 0 and at most 1, but got 1.1'],
    [{ seed: -3 }, 'expected --seed to be a whole number from 0 to 9007199254740991 but got -3'],
    [{ topP: 0.9 }, 'expected --top-p together with --sample but got a beam search'],
    [{ topK: 5 }, 'expected --top-k together with --sample but got a beam search'],
    [{ temperature: 1 }, 'expected --temperature together with --sample but got a beam search'],
  ];
  it.each(mistakes)('names the option: %j', (request, message) => {
    expect(() => searchOptions(request)).toThrow(UserError);
    expect(() => searchOptions(request)).toThrow(message);
  });
});
