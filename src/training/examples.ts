import type { CaptionedImage } from '../dataset/example.ts';
import { UserError } from '../errors.ts';
import type { Vocabulary } from '../text/vocabulary.ts';
import { CaptionSet } from './caption-set.ts';

/**
 * Captions as ids, each with the feature row of its image; those without words are left out.
 * @param rowOf the row of an image's key in the features
 */
export function captionExamples(
  images: readonly CaptionedImage[],
  vocabulary: Vocabulary,
  rowOf: (key: string) => number | undefined,
): CaptionSet {
  const missing = images.filter(({ key }) => rowOf(key) === undefined);
  if (missing.length > 0) {
    const names = missing.slice(0, 3).map(({ key }) => key);
    throw new UserError(
      `expected a feature for every image but ${missing.length} have none, such as ${names.join(', ')}`,
      { hint: 'extract the missing ones with caption features, into the same file' },
    );
  }
  const examples = function* () {
    for (const { key, captions } of images) {
      for (const caption of captions) {
        const words = vocabulary.encodeCaption(caption);
        if (words.length > 0) yield { image: rowOf(key)!, words };
      }
    }
  };
  return CaptionSet.of(examples());
}

/** Captions without photographs as ids; those without words are left out. */
export function textExamples(captions: readonly string[], vocabulary: Vocabulary): CaptionSet {
  const examples = function* () {
    for (const caption of captions) {
      const words = vocabulary.encodeCaption(caption);
      if (words.length > 0) yield { image: null, words };
    }
  };
  return CaptionSet.of(examples());
}
