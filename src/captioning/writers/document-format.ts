import { UserError } from '../../errors.ts';
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
  /** Ends the last line of a record: `\n` where it isn't given. */
  readonly lineEnd?: string;
  /** In a stream, photographs are called as the user named them. */
  readonly asNamed?: boolean;
  /** What no two records share: the file name, or a number taken from it. */
  keyOf(name: FileName): string;
  /** One record, its last line ended. */
  record(name: FileName, photo: CaptionedPhoto): string | Promise<string>;
  /** The key of a record (its separator and last line end may be missing); undefined for any other text. */
  keyIn(record: string): string | undefined;
  /**
   * Whether a text can be what is left of a record (without its separator) that was cut short. Any can where this
   * isn't given; a format without a head gives it, so that somebody else's file isn't taken for one of its own.
   */
  begins?(text: string): boolean;
}

/**
 * Sees to it that each photograph has a place in a document, and none another's.
 *
 * @param names paths, or file names in the document
 * @throws UserError that names one without a key, or the first two that share one
 */
export function expectDistinct(format: DocumentFormat, names: Iterable<string>): void {
  const seen = new Map<string, string>();
  for (const name of names) {
    const key = format.keyOf(name);
    const other = seen.get(key);
    if (other !== undefined) {
      throw new UserError(
        `expected photographs with different names in ${format.name} but got ${other} and ${name}, both ${key} there`,
        { hint: 'caption them in two runs with different --out' },
      );
    }
    seen.set(key, name);
  }
}

/** A caption's score as documents have it: log P(caption | image), natural logarithm, to 4 decimals. */
export function scoreOf({ logProb }: Caption): number {
  return Number(logProb.toFixed(4));
}
