import type { StepDecoder } from '../../src/captioning/step-decoder.ts';
import { Random } from '../../src/random.ts';
import { END, UNK } from '../../src/text/vocabulary.ts';

/** The log-probabilities [V] that follow an image (its one feature) and the words so far. */
export type Model = (image: number, words: readonly number[]) => Float32Array;

interface Row {
  readonly image: number;
  /** What step() was given, START first. */
  readonly seen: readonly number[];
}

/** A decoder whose state is the whole prefix; it counts the rows of each step. */
export class TableDecoder implements StepDecoder<readonly Row[]> {
  readonly vocabularySize: number;
  readonly stepRows: number[] = [];
  readonly #model: Model;

  constructor(vocabularySize: number, model: Model) {
    this.vocabularySize = vocabularySize;
    this.#model = model;
  }

  async start(features: Float32Array, rows: number) {
    if (features.length !== rows) throw new Error('one feature each');
    return Array.from(features, (image) => ({ image, seen: [] }));
  }

  async step(tokens: Int32Array, state: readonly Row[]) {
    if (tokens.length !== state.length) throw new Error('one word each');
    this.stepRows.push(state.length);
    const next = state.map(({ image, seen }, row) => ({ image, seen: [...seen, tokens[row]!] }));
    const logProbs = new Float32Array(state.length * this.vocabularySize);
    for (const [row, { image, seen }] of next.entries()) {
      logProbs.set(this.#model(image, seen.slice(1)), row * this.vocabularySize);
    }
    return { logProbs, state: next };
  }

  select(state: readonly Row[], rows: Int32Array) {
    return Array.from(rows, (row) => state[row]!);
  }
}

/** log of weights over their sum. */
export function logProbabilities(weights: readonly number[]): Float32Array {
  const sum = weights.reduce((a, b) => a + b, 0);
  return Float32Array.from(weights, (weight) => Math.log(weight / sum));
}

/** Any distribution after any prefix, special words included. */
export function randomModel(vocabularySize: number, seed: number): Model {
  const table = new Map<string, Float32Array>();
  return (image, words) => {
    const key = [image, ...words].join();
    const known = table.get(key);
    if (known) return known;
    const random = [image, ...words].reduce((r, id) => r.fork(id), new Random(seed));
    const logProbs = logProbabilities(
      Array.from({ length: vocabularySize }, () => Math.exp(1.5 * random.normal())),
    );
    table.set(key, logProbs);
    return logProbs;
  };
}

export interface Exhaustive {
  readonly tokens: number[];
  readonly logProb: number;
  readonly score: number;
}

/** Every caption of minLength..maxLength words with its score, best first. */
export function everyCaption(
  vocabularySize: number,
  model: Model,
  image: number,
  { minLength, maxLength, lengthPenalty }: { minLength: number; maxLength: number; lengthPenalty: number },
): Exhaustive[] {
  const captions: Exhaustive[] = [];
  const visit = (tokens: number[], logProb: number) => {
    const next = model(image, tokens);
    if (tokens.length >= minLength) {
      const total = logProb + next[END]!;
      captions.push({ tokens, logProb: total, score: total / (tokens.length + 1) ** lengthPenalty });
    }
    if (tokens.length === maxLength) return;
    for (let word = UNK + 1; word < vocabularySize; word++) visit([...tokens, word], logProb + next[word]!);
  };
  visit([], 0);
  return captions.sort((a, b) => b.score - a.score);
}
