import { expect, test } from 'vitest';
import type { Manifest } from '../../src/library/manifest.ts';
import { measuredCiders } from '../../src/library/scores.ts';

const of = (parts: Pick<Manifest, 'training'> & Partial<Manifest>) => measuredCiders(parts as Manifest);

test('those of the scores come before those of the training, with what they were measured on', () => {
  const scores = { 'Flickr8k test': { CIDEr: 0.545, Bleu_4: 0.22 }, coco: { val: { 'CIDEr-D': 0.7 } } };
  expect(of({ scores, training: { validationCIDEr: 0.56, epochs: 8 } })).toEqual([
    { on: 'Flickr8k test', value: 0.545 },
    { on: 'coco val', value: 0.7 },
    { on: 'validation', value: 0.56 },
  ]);
});

test('none where nobody measured', () => {
  expect(of({ training: { epochs: 3, note: null, cider: 'not measured' } })).toEqual([]);
});
