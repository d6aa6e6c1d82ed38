import { search } from '../captioning/search.ts';
import { searchOptions } from '../captioning/search-options.ts';
import type { StepDecoder } from '../captioning/step-decoder.ts';
import { scoreCaptions } from '../evaluation/score.ts';
import type { Vocabulary } from '../text/vocabulary.ts';
import { type FeatureViews, stackedRows } from './batches.ts';

/** A validation image, and what people said of it. */
export interface ValidationImage {
  readonly key: string;
  /** Path of its file. */
  readonly image: string;
  /** Its row in the features. */
  readonly row: number;
  readonly references: readonly string[];
}

/** What a model's captions of the validation images are worth. */
export interface Judgement {
  /** CIDEr-D, as `caption evaluate` computes it. */
  readonly cider: number;
  /** Share of different captions, 0 to 1. */
  readonly distinct: number;
  /** The captions of `watchedOf` the images. */
  readonly watched: readonly string[];
}

/** Photographs whose captions a run writes down after every epoch. */
const WATCHED = 8;

/** Images captioned at a time. */
const BATCH = 128;

/**
 * Captions the validation images, greedily as that is quick, and scores them.
 * @param maxLength in words, or characters
 * @param stopped asked between batches; true ends the work, with null
 */
export async function judge<State>(
  decoder: StepDecoder<State>,
  images: readonly ValidationImage[],
  { featureSize: F, views: [view] }: FeatureViews,
  vocabulary: Vocabulary,
  maxLength: number,
  stopped: () => Promise<boolean>,
): Promise<Judgement | null> {
  const captions = new Map<string, string>();
  const greedy = searchOptions({ beam: 1, maxLength });
  for (let from = 0; from < images.length; from += BATCH) {
    const part = images.slice(from, from + BATCH);
    const rows = part.map(({ row }) => row);
    const features = stackedRows(view, rows, F);
    const found = await search(decoder, features, part.length, greedy);
    for (const [i, { key }] of part.entries()) captions.set(key, vocabulary.decode(found[i][0].tokens));
    if (await stopped()) return null;
  }
  const scores = scoreCaptions(captions, new Map(images.map(({ key, references }) => [key, references])));
  return {
    cider: scores.CIDEr,
    distinct: scores.distinctCaptions / images.length,
    watched: watchedOf(images).map(({ key }) => captions.get(key)!),
  };
}

/** A few images at equal distances, always the same ones. */
export function watchedOf<Image>(images: readonly Image[]): Image[] {
  const count = Math.min(WATCHED, images.length);
  return Array.from({ length: count }, (_, i) => images[Math.floor((i * images.length) / count)]);
}
