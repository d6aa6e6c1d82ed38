import { describe, expect, it } from 'vitest';
import { scoresAsJson, scoresAsTable } from '../../src/evaluation/report.ts';

const scores = {
  Bleu_1: 0.5791,
  Bleu_2: 0.404,
  Bleu_3: 0.279,
  Bleu_4: 0.1914,
  ROUGE_L: 0.396,
  CIDEr: 0.6,
  distinctCaptions: 411,
  vocabularyUsed: 812,
  meanLength: 9.84,
  images: 1000,
  ciderOf: new Map([[1, 0.6]]),
};

describe('scoresAsTable', () => {
  it('aligns the values', () => {
    expect(scoresAsTable(scores)).toBe(
      [
        'Bleu_1             0.579',
        'Bleu_2             0.404',
        'Bleu_3             0.279',
        'Bleu_4             0.191',
        'ROUGE_L            0.396',
        'CIDEr              0.600',
        'distinct captions  411 of 1000 (41.1 %)',
        'vocabulary used    812 words',
        'mean length        9.8 words',
      ].join('\n'),
    );
  });
});

describe('scoresAsJson', () => {
  it("puts coco-caption's metrics first and leaves the images' scores out", () => {
    expect(JSON.stringify(scoresAsJson(scores))).toBe(
      '{"Bleu_1":0.5791,"Bleu_2":0.404,"Bleu_3":0.279,"Bleu_4":0.1914,"ROUGE_L":0.396,"CIDEr":0.6,' +
        '"distinctCaptions":411,"vocabularyUsed":812,"meanLength":9.84,"images":1000}',
    );
  });
});
