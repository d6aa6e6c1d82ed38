import type { Random } from '../random.ts';
import { END, START } from '../text/vocabulary.ts';
import { bestOf, finish, type Hypothesis, type Prefix } from './hypothesis.ts';
import { NextWords, notANumber } from './next-words.ts';
import type { SearchOptions } from './search-options.ts';
import type { StepDecoder } from './step-decoder.ts';

/** One caption being drawn. */
interface Draft {
  readonly image: number;
  readonly random: Random;
  prefix: Prefix;
}

/**
 * Draws `count` captions for each of B images, word by word, from the model's distribution over the
 * allowed words: tempered, then cut to `topK`, then to `topP`. The reported log-probabilities are the
 * model's own, untempered. The same caption may be drawn twice.
 *
 * @param features [B,F] row-major
 * @param randoms one generator for each image; each sample forks its own, so the company an image is in
 *   changes nothing
 * @returns for each image `count` captions, best first
 */
export async function sampleCaptions<State>(
  decoder: StepDecoder<State>,
  features: Float32Array,
  randoms: readonly Random[],
  options: SearchOptions,
): Promise<Hypothesis[][]> {
  const { count, lengthPenalty } = options;
  const images = randoms.length;
  const nextWords = new NextWords(decoder.vocabularySize, options);
  const weights = new Float64Array(decoder.vocabularySize);
  const done: Hypothesis[][] = Array.from({ length: images }, () => []);
  let drafts: Draft[] = randoms.flatMap((random, image) =>
    Array.from({ length: count }, (_, sample) => ({
      image,
      random: random.fork(sample),
      prefix: { tokens: [], logProb: 0 },
    })),
  );
  let state: State = decoder.select(
    await decoder.start(features, images),
    Int32Array.from(drafts, ({ image }) => image),
  );
  let tokens = new Int32Array(drafts.length).fill(START);
  for (let length = 0; ; length++) {
    const { logProbs, state: next } = await decoder.step(tokens, state);
    const allowed = nextWords.after(length);
    const rows: number[] = [];
    for (const [row, draft] of drafts.entries()) {
      const offset = row * decoder.vocabularySize;
      const rowLogProbs = logProbs.subarray(offset, offset + decoder.vocabularySize);
      const word = drawWord(rowLogProbs, allowed, draft.random, options, length, weights);
      const { tokens: words, logProb } = draft.prefix;
      if (word === undefined) {
        done[draft.image]!.push(finish(draft.prefix, false, lengthPenalty));
      } else if (word === END) {
        const ended = { tokens: words, logProb: logProb + rowLogProbs[END]! };
        done[draft.image]!.push(finish(ended, true, lengthPenalty));
      } else {
        draft.prefix = { tokens: [...words, word], logProb: logProb + rowLogProbs[word]! };
        rows.push(row);
      }
    }
    if (rows.length === 0) return done.map((hypotheses) => bestOf(hypotheses, count));
    drafts = rows.map((row) => drafts[row]!);
    state = decoder.select(next, Int32Array.from(rows));
    tokens = Int32Array.from(drafts, ({ prefix }) => prefix.tokens.at(-1)!);
  }
}

/** Draws the next word, or none where nothing allowed has a probability. `logProbs` is [V], and `weights` room for as much. */
function drawWord(
  logProbs: Float32Array,
  allowed: Int32Array,
  random: Random,
  { temperature, topK, topP }: SearchOptions,
  length: number,
  weights: Float64Array,
): number | undefined {
  let highest = -Infinity;
  for (let i = 0; i < allowed.length; i++) {
    const logProb = logProbs[allowed[i]!]!;
    if (Number.isNaN(logProb)) throw notANumber(length);
    if (logProb > highest) highest = logProb;
  }
  if (highest === -Infinity) return undefined;
  // Relative to the likeliest word, so that no temperature makes all of them underflow.
  for (let i = 0; i < allowed.length; i++) {
    const word = allowed[i]!;
    weights[word] = Math.exp((logProbs[word]! - highest) / temperature);
  }
  let support = allowed;
  if (topK !== undefined && topK < support.length) support = likeliest(support, weights, topK, Infinity);
  if (topP < 1) support = likeliest(support, weights, support.length, topP * massOf(support, weights));
  const target = random.next() * massOf(support, weights);
  let mass = 0;
  // Summed in the order of massOf, and next() < 1: some word passes the target.
  for (let i = 0; i < support.length; i++) {
    mass += weights[support[i]!]!;
    if (mass > target) return support[i];
  }
  return undefined;
}

function massOf(words: Int32Array, weights: Float64Array): number {
  let mass = 0;
  for (let i = 0; i < words.length; i++) mass += weights[words[i]!]!;
  return mass;
}

/**
 * The heaviest words, heaviest first, until there are `count` or their weights reach `mass` (the word
 * that reaches it is in, as in nucleus sampling: Holtzman et al. 2020, arXiv:1904.09751). A heap is made
 * in linear time and only as much of it sorted as is needed. Of equals the smaller id comes first.
 */
function likeliest(words: Int32Array, weights: Float64Array, count: number, mass: number): Int32Array {
  const heap = words.slice();
  const precedes = (a: number, b: number) =>
    weights[a]! > weights[b]! || (weights[a] === weights[b] && a < b);
  const sink = (start: number, size: number) => {
    const word = heap[start]!;
    let place = start;
    for (let child = 2 * place + 1; child < size; child = 2 * place + 1) {
      if (child + 1 < size && precedes(heap[child + 1]!, heap[child]!)) child++;
      if (!precedes(heap[child]!, word)) break;
      heap[place] = heap[child]!;
      place = child;
    }
    heap[place] = word;
  };
  for (let i = (heap.length >> 1) - 1; i >= 0; i--) sink(i, heap.length);
  let size = heap.length;
  let reached = 0;
  // What is taken off the top goes behind the heap, so the words end up in reverse order there.
  while (size > 0 && heap.length - size < count && reached < mass) {
    const top = heap[0]!;
    heap[0] = heap[--size]!;
    heap[size] = top;
    sink(0, size);
    reached += weights[top]!;
  }
  return heap.subarray(size).reverse();
}
