import type { Random } from '../random.ts';
import { END, START } from '../text/vocabulary.ts';
import type { CaptionSet } from './caption-set.ts';

/** A caption to learn: its words as ids without <start> and <end>, and the row of its image's feature. */
export interface CaptionExample {
  /** Row of the features, or null for a caption without a photograph, whose feature is zero. */
  readonly image: number | null;
  readonly words: readonly number[];
  /** Weight of this caption's loss, 1 by default; negative to unlearn it (self-critical training). */
  readonly weight?: number;
}

/** One batch as the training graph reads it (decoder/graphs.ts). */
export interface Batch {
  /** B */
  readonly captions: number;
  /** N: words to predict, <end> included */
  readonly words: number;
  /** [B,F] */
  readonly image: Float32Array;
  /** [N], step after step */
  readonly inputs: Int32Array;
  readonly targets: Int32Array;
  readonly weights: Float32Array;
  /** [T] captions that are still going at each step */
  readonly steps: BigInt64Array;
}

/** Feature vectors, [F] each, by row number: in memory, or in a file of which only the rows asked for are read. */
export interface FeatureRows {
  /** Copies a row into `into`, from `offset` on. */
  copyRow(row: number, into: Float32Array, offset: number): void;
}

/** Features of the same images under the same row numbers: the photographs as they are, then other views such as mirrored ones. */
export interface FeatureViews {
  readonly featureSize: number;
  readonly views: readonly FeatureRows[];
}

/** Rows side by side, [rows, F]. */
export function stackedRows(view: FeatureRows, rows: readonly number[], F: number): Float32Array {
  const stacked = new Float32Array(rows.length * F);
  for (const [i, row] of rows.entries()) view.copyRow(row, stacked, i * F);
  return stacked;
}

/** How many batches' worth of captions are sorted by length together. */
const POOL = 20;

/**
 * The captions of each batch of one epoch, by their numbers: shuffled, then bucketed by length so that the
 * captions of a batch end at about the same step, and the batches shuffled again.
 */
export function epochBatches(captions: CaptionSet, B: number, random: Random): number[][] {
  const all = Array.from({ length: captions.length }, (_, i) => i);
  const shuffled = shuffle(all, random);
  const batches: number[][] = [];
  for (let from = 0; from < shuffled.length; from += B * POOL) {
    const pool = shuffled.slice(from, from + B * POOL);
    pool.sort((a, b) => captions.wordsIn(b) - captions.wordsIn(a));
    for (let i = 0; i < pool.length; i += B) batches.push(pool.slice(i, i + B));
  }
  return shuffle(batches, random);
}

/** Fisher and Yates, in place. */
export function shuffle<Item>(items: Item[], random: Random): Item[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.int(i + 1);
    [items[i], items[j]] = [items[j], items[i]];
  }
  return items;
}

/**
 * Lays a batch out step after step. A caption of n words takes n + 1 steps (it reads <start> and its words,
 * and predicts its words and <end>); one longer than T steps is cut there and doesn't learn to end.
 * @param random chooses a view of each image; without it the first is taken
 */
export function assembleBatch(
  examples: readonly CaptionExample[],
  features: FeatureViews,
  T: number,
  random?: Random,
): Batch {
  const sorted = [...examples].sort((a, b) => b.words.length - a.words.length);
  const B = sorted.length;
  const F = features.featureSize;
  const lengths = sorted.map((example) => Math.min(example.words.length + 1, T));
  const N = lengths.reduce((a, b) => a + b, 0);

  const image = new Float32Array(B * F);
  sorted.forEach((example, row) => {
    const view = features.views[random ? random.int(features.views.length) : 0];
    if (example.image !== null) view.copyRow(example.image, image, row * F);
  });

  const inputs = new Int32Array(N);
  const targets = new Int32Array(N);
  const weights = new Float32Array(N);
  const steps = new BigInt64Array(T);
  let at = 0;
  for (let t = 0; t < T; t++) {
    for (let row = 0; row < B && lengths[row] > t; row++, at++) {
      const { words, weight = 1 } = sorted[row];
      inputs[at] = t === 0 ? START : words[t - 1];
      weights[at] = weight / N;
      targets[at] = t === words.length ? END : words[t];
      steps[t]++;
    }
  }
  return { captions: B, words: N, image, inputs, targets, weights, steps };
}
