import type { DocumentFormat } from './document-format.ts';
import { oneLine } from './one-line.ts';

/** `path<TAB>caption`, a line for each caption. */
export const tsv: DocumentFormat = {
  name: 'tsv',
  head: '',
  separator: '',
  tail: '',
  asNamed: true,

  keyOf: oneLine,

  record: (name, { captions }) => captions.map(({ text }) => `${oneLine(name)}\t${oneLine(text)}\n`).join(''),

  // A line that isn't ended may lack some of its caption.
  keyIn: (record) => /^([^\t\n]+)\t.*\n$/.exec(record)?.[1],

  begins: (text) => !text.includes('\n'),
};

/** Captions alone, a line each: for one photograph on a terminal. */
export const plain: DocumentFormat = {
  name: 'plain',
  head: '',
  separator: '',
  tail: '',
  asNamed: true,
  keyOf: (name) => name,
  record: (_name, { captions }) => captions.map(({ text }) => `${oneLine(text)}\n`).join(''),
  keyIn: () => undefined,
};
