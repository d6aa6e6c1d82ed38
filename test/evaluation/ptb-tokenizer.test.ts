import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { tokenizePtb } from '../../src/evaluation/ptb-tokenizer.ts';

interface TokenGolden {
  generatedBy: string;
  tokens: Record<string, string>;
}
const golden: TokenGolden = JSON.parse(
  readFileSync(new URL('golden/ptb-tokens.json', import.meta.url), 'utf8'),
);

describe('tokenizePtb', () => {
  it.each([
    ['splits contractions', "They don't, can't, it's", "they do n't ca n't it 's"],
    ['splits possessives', "the dog's ball and the dogs' bowl", "the dog 's ball and the dogs bowl"],
    ['splits fused words', "We're gonna stay; I cannot", "we 're gon na stay i can not"],
    ['keeps hyphenated words', 'a T-shirt - and a merry-go-round', 'a t-shirt and a merry-go-round'],
    ['keeps numbers', '3.5 miles, 1,000 people, 6:10, 2nd', '3.5 miles 1,000 people 6:10 2nd'],
    ['keeps abbreviations', 'Mr. Smith in the U.S. at 6 p.m.', 'mr. smith in the u.s. at 6 p.m.'],
    [
      'drops punctuation',
      '"Stop!" he says: now, please; or... else -- why?',
      'stop he says now please or else why',
    ],
    ['keeps runs of ! and ?, which are no single marks', 'What?! No!!', 'what ?! no !!'],
    [
      'keeps brackets, in lower case',
      'a (red) [big] {old} bus',
      'a -lrb- red -rrb- -lsb- big -rsb- -lcb- old -rcb- bus',
    ],
    ['escapes slashes', 'his/her 1/2', 'his\\/her 1\\/2'],
    ['reads entities', 'salt &amp; pepper &quot;mill&quot;', 'salt & pepper mill'],
    ['reads curly quotes and dashes', '“it’s” – a ‘cat’ — here…', "it 's a cat here"],
    ['turns newlines and tabs into spaces', 'a man\nwalks\r\n\ta dog\n', 'a man walks a dog'],
    ['writes American', 'a grey dog in the theatre of colours', 'a gray dog in the theater of colors'],
    ['leaves capitalised British words alone', 'Grey skies', 'grey skies'],
    ['drops what has no token', 'a dog 🐶 here\u0007', 'a dog here'],
    ['makes nothing of nothing', ' . ', ''],
  ])('%s', (_, caption, tokens) => {
    expect(tokenizePtb(caption).join(' ')).toBe(tokens);
  });

  it.each(Object.entries(golden.tokens))('agrees with the golden tokens of %j', (caption, tokens) => {
    expect(tokenizePtb(caption).join(' ')).toBe(tokens);
  });

  it('stays quick on long junk', () => {
    const started = performance.now();
    for (const unit of ['a', 'a.', '1,', "'", '-', '/a', 'a-', '<a ']) tokenizePtb(unit.repeat(4000));
    expect(performance.now() - started).toBeLessThan(3000);
  });
});
