import { END, START } from '../text/vocabulary.ts';
import { bestOf, finish, type Hypothesis, lengthScore, type Prefix } from './hypothesis.ts';
import { NextWords, notANumber } from './next-words.ts';
import type { SearchOptions } from './search-options.ts';
import type { StepDecoder } from './step-decoder.ts';

/**
 * Beam search (width 1 is greedy search) over B images at once. At each step the `beam` likeliest
 * continuations of an image's live prefixes are kept; those that end are set aside.
 *
 * A live prefix is dropped once it can't overtake the `count` best captions set aside: log-probabilities
 * only fall, so its score stays at most logProb / (maxLength + 1)^alpha. An image is finished when none is
 * left, and its rows leave the batch. With `beam` at least the number of all continuations the search is
 * therefore exact.
 *
 * @param features [B,F] row-major
 * @returns for each image up to `count` different captions, best first
 */
export async function beamSearch<State>(
  decoder: StepDecoder<State>,
  features: Float32Array,
  images: number,
  options: SearchOptions,
): Promise<Hypothesis[][]> {
  const nextWords = new NextWords(decoder.vocabularySize, options);
  const beams = Array.from({ length: images }, () => new ImageBeam(options));
  let open = beams;
  let state: State = await decoder.start(features, images);
  let tokens = new Int32Array(images).fill(START);
  for (let length = 0; ; length++) {
    const { logProbs, state: next } = await decoder.step(tokens, state);
    const allowed = nextWords.after(length);
    const parents: number[] = [];
    const lastWords: number[] = [];
    let firstRow = 0;
    for (const beam of open) {
      const rows = beam.live.length;
      const grid = logProbs.subarray(
        firstRow * decoder.vocabularySize,
        (firstRow + rows) * decoder.vocabularySize,
      );
      for (const { row, word } of beam.grow(grid, allowed)) {
        parents.push(firstRow + row);
        lastWords.push(word);
      }
      firstRow += rows;
    }
    open = open.filter((beam) => beam.live.length > 0);
    if (open.length === 0) return beams.map((beam) => beam.finished);
    state = decoder.select(next, Int32Array.from(parents));
    tokens = Int32Array.from(lastWords);
  }
}

/** The search of one image. */
class ImageBeam {
  /** Prefixes that go on, one row each, likeliest first. */
  live: Prefix[] = [{ tokens: [], logProb: 0 }];
  /** The best captions so far, best first, at most `count`. */
  finished: Hypothesis[] = [];
  readonly #options: SearchOptions;

  constructor(options: SearchOptions) {
    this.#options = options;
  }

  /**
   * Takes one step with the log-probabilities [rows,V] of the live prefixes, and returns where the new
   * live prefixes come from.
   */
  grow(logProbs: Float32Array, allowed: Int32Array): Continuation[] {
    const { beam, count, lengthPenalty } = this.#options;
    const prefixes = this.live;
    const best = bestContinuations(logProbs, allowed, prefixes, beam);
    if (best.length === 0 && this.finished.length === 0) {
      this.finished = bestOf(
        prefixes.map((prefix) => finish(prefix, false, lengthPenalty)),
        count,
      );
    }
    const endings = best.filter(({ word }) => word === END);
    if (endings.length > 0) {
      const ended = endings.map(({ row, logProb }) =>
        finish({ tokens: prefixes[row]!.tokens, logProb }, true, lengthPenalty),
      );
      this.finished = bestOf([...this.finished, ...ended], count);
    }
    const kept = best.filter(({ word, logProb }) => word !== END && this.#canWin(logProb));
    this.live = kept.map(({ row, word, logProb }) => ({ tokens: [...prefixes[row]!.tokens, word], logProb }));
    return kept;
  }

  /** Whether a live prefix may still become one of the `count` best. */
  #canWin(logProb: number): boolean {
    const { count, maxLength, lengthPenalty } = this.#options;
    const rival = this.finished[count - 1];
    return rival === undefined || lengthScore(logProb, maxLength + 1, lengthPenalty) > rival.score;
  }
}

/** A prefix (by its row) and the word that follows it, with the log-probability of both together. */
interface Continuation {
  readonly row: number;
  readonly word: number;
  readonly logProb: number;
}

/**
 * The `width` likeliest continuations, likeliest first; equals by row, then by word. What has probability
 * 0 is left out. One pass over [rows,V]: nearly every word fails the first comparison.
 */
function bestContinuations(
  logProbs: Float32Array,
  allowed: Int32Array,
  prefixes: readonly Prefix[],
  width: number,
): Continuation[] {
  const best: Continuation[] = [];
  const vocabularySize = logProbs.length / prefixes.length;
  let worst = -Infinity; // what a continuation must exceed
  for (const [row, prefix] of prefixes.entries()) {
    const offset = row * vocabularySize;
    for (let i = 0; i < allowed.length; i++) {
      const word = allowed[i]!;
      const logProb = prefix.logProb + logProbs[offset + word]!;
      if (logProb <= worst) continue;
      if (Number.isNaN(logProb)) throw notANumber(prefix.tokens.length);
      let place = best.length;
      while (place > 0 && best[place - 1]!.logProb < logProb) place--;
      best.splice(place, 0, { row, word, logProb });
      if (best.length > width) best.pop();
      if (best.length === width) worst = best[width - 1]!.logProb;
    }
  }
  return best;
}
