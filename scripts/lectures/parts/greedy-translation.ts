import type { FloatTensor } from '../../../src/onnx/session.ts';
import { FRENCH, LONGEST, type SentencePair } from './english-french.ts';

/** A sentence, what a net said, and for each word of that its attention to each English one. */
export interface Translation extends SentencePair {
  readonly said: readonly string[];
  readonly attention: readonly (readonly number[])[];
}

/** Whether a translation is right in every word. */
export const isRight = ({ french, said }: Translation) => french.join(' ') === said.join(' ');

/**
 * Says the likeliest word at each step, to all B sentences at once: what is said comes before the next.
 * @param run logits [S*B,F] and attention [S*B,S], all first words first, from the French that there is so far
 */
export async function translateGreedily(
  sentences: readonly SentencePair[],
  run: (soFar: readonly SentencePair[]) => Promise<Readonly<Record<string, FloatTensor>>>,
): Promise<Translation[]> {
  const translations = sentences.map((pair) => ({
    ...pair,
    said: [] as string[],
    attention: [] as number[][],
  }));
  for (let t = 0; t < LONGEST; t++) {
    const soFar = translations.map(({ english, said }) => ({ english, french: said }));
    const { logits, attention } = await run(soFar);
    for (const [b, { english, said, attention: kept }] of translations.entries()) {
      if (said.at(-1) === '.') continue;
      const row = t * sentences.length + b;
      const scores = logits.data.subarray(row * FRENCH.length, (row + 1) * FRENCH.length);
      said.push(FRENCH[scores.indexOf(Math.max(...scores))]);
      kept.push([...attention.data.subarray(row * LONGEST, row * LONGEST + english.length)]);
    }
  }
  return translations;
}
