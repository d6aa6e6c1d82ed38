import { stackRows } from '../stack-rows.ts';
import { END, START } from '../text/vocabulary.ts';
import type { StepDecoder } from './step-decoder.ts';

/** A caption that somebody wrote, and the feature vector [F] of its image. */
export interface SpokenCaption {
  readonly feature: Float32Array;
  /** Word ids without START and END. */
  readonly words: readonly number[];
}

/** Captions read side by side. */
const BATCH = 128;

/**
 * How surprised a model is by captions that people wrote: exp of its mean -log P a word, in nats, when it
 * reads the true words before each one (teacher forcing). END counts as a word, and words outside the
 * vocabulary as UNK, so it can be compared with the validation perplexity of training.
 */
export async function perplexity<State>(
  decoder: StepDecoder<State>,
  captions: readonly SpokenCaption[],
): Promise<number> {
  const V = decoder.vocabularySize;
  let nats = 0;
  let words = 0;
  // Longest first: the captions that go on are always the first rows of a batch.
  const sorted = captions.toSorted((a, b) => b.words.length - a.words.length);
  for (let from = 0; from < sorted.length; from += BATCH) {
    let going = sorted.slice(from, from + BATCH);
    let tokens = new Int32Array(going.length).fill(START);
    const features = going.map(({ feature }) => feature);
    const images = stackRows(features, features[0]!.length);
    let state: State = await decoder.start(images, going.length);
    for (let t = 0; going.length > 0; t++) {
      const { logProbs, state: next } = await decoder.step(tokens, state);
      for (const [row, caption] of going.entries()) nats -= logProbs[row * V + (caption.words[t] ?? END)]!;
      words += going.length;
      going = going.filter((caption) => t < caption.words.length);
      tokens = Int32Array.from(going, (caption) => caption.words[t]!);
      state = decoder.select(
        next,
        Int32Array.from(going, (_, row) => row),
      );
    }
  }
  return Math.exp(nats / words);
}
