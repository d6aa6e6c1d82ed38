import type { CaptionedImage } from '../dataset/example.ts';
import { UserError } from '../errors.ts';
import { tokenize } from '../text/tokenizer.ts';
import { buildVocabulary, type Vocabulary } from '../text/vocabulary.ts';
import type { CaptionExample } from './batches.ts';

/** The words of the training captions that occur at least `minCount` times. */
export function trainingVocabulary(images: readonly CaptionedImage[], minCount: number): Vocabulary {
  return buildVocabulary(
    images.flatMap(({ captions }) => captions.map(tokenize)),
    minCount,
  );
}

/**
 * Captions as ids, each with the feature row of its image.
 * @param rowOf the row of an image's key in the feature matrices
 */
export function captionExamples(
  images: readonly CaptionedImage[],
  vocabulary: Vocabulary,
  rowOf: (key: string) => number | undefined,
): CaptionExample[] {
  const missing = images.filter(({ key }) => rowOf(key) === undefined);
  if (missing.length > 0) {
    const names = missing.slice(0, 3).map(({ key }) => key);
    throw new UserError(
      `expected a feature for every image but ${missing.length} have none, such as ${names.join(', ')}`,
      { hint: 'extract the missing ones with caption features, into the same file' },
    );
  }
  return images.flatMap(({ key, captions }) =>
    captions
      .map((caption) => vocabulary.encode(tokenize(caption)))
      .filter((words) => words.length > 0)
      .map((words) => ({ image: rowOf(key)!, words })),
  );
}
