import type { CaptionedPhoto } from '../../../src/captioning/writers/writer.ts';

/** A photograph with its captions, scored -1.5, -2.5, ... */
export function photo(path: string, ...texts: string[]): CaptionedPhoto {
  return { path, source: path, captions: texts.map((text, rank) => ({ text, logProb: -1.5 - rank })) };
}

/** Names that a careless format would lose, split or merge. */
export const AWKWARD_NAMES = [
  'plain.jpg',
  'sub folder/a, b.jpg',
  'say "cheese".jpg',
  '"quoted".jpg',
  '-rf.jpg',
  '=1+1.jpg',
  ' spaces around .jpg ',
  'two\nlines.jpg',
  'b,c,-1.0\r\nline.jpg',
  'tab\tbed.jpg',
  'back\\slash.jpg',
  '../other/a.jpg',
  'Grüße 写真 🐕.jpg',
  'e\u0301 and \u00e9.jpg',
  '\u2028\u0085\u001b[31m.jpg',
  '<b>&amp;</b>.jpg',
  '{"file_name":"x"}',
  '#',
];
