import { ORDERS, type Sentence } from './sentence.ts';

/** coco-caption's guards against 0/0, kept because they show in the scores of tiny sets. */
const TINY = 1e-15;
const SMALL = 1e-9;

/** A candidate caption and the captions that people wrote for the same image. */
interface ScoredPair {
  readonly candidate: Sentence;
  readonly references: readonly Sentence[];
}

/**
 * Corpus BLEU-1..4 (Papineni et al., 2002) as coco-caption computes it: n-gram matches, clipped by the
 * largest count in any one reference, are summed over all images before dividing; the brevity penalty
 * compares the total lengths, with the closest reference of each image, the shorter one at a tie.
 */
export function bleu(
  pairs: Iterable<ScoredPair>,
): [bleu1: number, bleu2: number, bleu3: number, bleu4: number] {
  const correct = ORDERS.map(() => 0);
  const guessed = ORDERS.map(() => 0);
  let candidateLength = 0;
  let referenceLength = 0;
  for (const { candidate, references } of pairs) {
    candidateLength += candidate.words.length;
    referenceLength += closestLength(candidate, references);
    for (const order of ORDERS) {
      guessed[order - 1]! += Math.max(0, candidate.words.length - order + 1);
      correct[order - 1]! += clippedMatches(candidate, references, order);
    }
  }
  const ratio = (candidateLength + TINY) / (referenceLength + SMALL);
  const brevityPenalty = ratio < 1 ? Math.exp(1 - 1 / ratio) : 1;
  let product = 1;
  const upTo = (order: number) => {
    product *= (correct[order - 1]! + TINY) / (guessed[order - 1]! + SMALL);
    return product ** (1 / order) * brevityPenalty;
  };
  return [upTo(1), upTo(2), upTo(3), upTo(4)];
}

function clippedMatches(candidate: Sentence, references: readonly Sentence[], order: number): number {
  let matches = 0;
  for (const [ngram, count] of candidate.ngrams[order - 1]!) {
    let most = 0;
    for (const reference of references) most = Math.max(most, reference.ngrams[order - 1]!.get(ngram) ?? 0);
    matches += Math.min(count, most);
  }
  return matches;
}

function closestLength(candidate: Sentence, references: readonly Sentence[]): number {
  const length = candidate.words.length;
  let closest = Number.POSITIVE_INFINITY;
  for (const { words } of references) {
    const difference = Math.abs(words.length - length) - Math.abs(closest - length);
    if (difference < 0 || (difference === 0 && words.length < closest)) closest = words.length;
  }
  return closest;
}
