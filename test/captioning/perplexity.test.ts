import { expect, test } from 'vitest';
import { perplexity } from '../../src/captioning/perplexity.ts';
import { TableDecoder } from './search-model.ts';

const V = 7;
/** Log-probabilities that depend on the image and on every word so far. */
function model(image: number, words: readonly number[]): Float32Array {
  const seen = words.reduce((sum, word, i) => sum + word * (i + 2), image);
  const scores = Array.from({ length: V }, (_, id) => Math.sin(seen + 1.7 * id));
  const total = scores.reduce((sum, score) => sum + Math.exp(score), 0);
  return Float32Array.from(scores, (score) => score - Math.log(total));
}

test('it is exp of the mean nats a word, END included, however captions are batched', async () => {
  const END = 2;
  // More than a batch of 128, of lengths 0 to 6.
  const captions = Array.from({ length: 150 }, (_, i) => ({
    feature: Float32Array.of(i % 5),
    words: Array.from({ length: i % 7 }, (_, t) => 3 + ((i + t) % 4)),
  }));
  let nats = 0;
  let words = 0;
  for (const caption of captions) {
    for (const [t, target] of [...caption.words, END].entries()) {
      nats -= model(caption.feature[0]!, caption.words.slice(0, t))[target]!;
      words++;
    }
  }
  expect(await perplexity(new TableDecoder(V, model), captions)).toBeCloseTo(Math.exp(nats / words), 10);
});

test('a model that gives every word the same probability hesitates between all of them', async () => {
  const uniform = new TableDecoder(V, () => new Float32Array(V).fill(-Math.log(V)));
  const captions = [{ feature: Float32Array.of(0), words: [4, 5, 6] }];
  expect(await perplexity(uniform, captions)).toBeCloseTo(V, 5);
});
