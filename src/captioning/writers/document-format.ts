import type { Caption } from '../caption.ts';
import type { CaptionedPhoto } from './writer.ts';

/** How a photograph is called in a document: its path relative to the document's folder, with `/` between. */
export type FileName = string;

/**
 * A document that grows by one record a photograph: `head record separator record separator record tail`.
 * Records are whole lines, so that a reader of a pipe has each at once and a document cut short can be mended.
 */
export interface DocumentFormat {
  /** What messages call it: `jsonl`, `csv`, ... */
  readonly name: string;
  readonly head: string;
  /** Stands in front of every record but the first. */
  readonly separator: string;
  readonly tail: string;
  /** What no two records share: the file name, or a number taken from it. */
  keyOf(name: FileName): string;
  /** One record, its last line ended. */
  record(name: FileName, photo: CaptionedPhoto): string | Promise<string>;
  /** The key of a record (its separator and last line end may be missing); undefined for any other text. */
  keyIn(record: string): string | undefined;
}

/** A caption's score as documents have it: log P(caption | image), natural logarithm, to 4 decimals. */
export function scoreOf({ logProb }: Caption): number {
  return Number(logProb.toFixed(4));
}
