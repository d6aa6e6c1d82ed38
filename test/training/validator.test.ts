import { expect, it, onTestFinished } from 'vitest';
import { OnnxDecoder } from '../../src/captioning/onnx-decoder.ts';
import { search } from '../../src/captioning/search.ts';
import { searchOptions } from '../../src/captioning/search-options.ts';
import { initialWeights } from '../../src/decoder/parameters.ts';
import { scoreCaptions } from '../../src/evaluation/score.ts';
import { Random } from '../../src/random.ts';
import { START } from '../../src/text/vocabulary.ts';
import { watchedOf } from '../../src/training/judge.ts';
import { Validator } from '../../src/training/validator.ts';
import { bytes, data, examples, I, matrix, one, smaller, vocabulary } from './tiny-run.ts';

const never = async () => false;

async function opened() {
  const weights = initialWeights(smaller, new Random(4));
  for (const w of weights.values()) for (let i = 0; i < w.length; i++) w[i] *= 3;
  const validator = await Validator.create(smaller, weights, data, { batchSize: 4, maxSteps: 6 }, one);
  onTestFinished(() => validator.release());
  const decoder = await OnnxDecoder.ofWeights(smaller, weights, one);
  onTestFinished(() => decoder.release());
  return { weights, validator, decoder };
}

it('gives the loss of every word alike, and the scores of greedy captions', async () => {
  const { validator, decoder } = await opened();
  // Word by word through the graphs that decode.
  let total = 0;
  let words = 0;
  for (const { image, words: caption } of examples) {
    let state = await decoder.start(matrix.slice(image! * 8, (image! + 1) * 8), 1);
    let last = START;
    for (const word of [...caption, 2]) {
      const { logProbs, state: next } = await decoder.step(Int32Array.of(last), state);
      total -= logProbs[word];
      words++;
      state = next;
      last = word;
    }
  }
  const found = await search(decoder, matrix, I, searchOptions({ beam: 1, maxLength: 6 }));
  const captions = new Map(data.images.map(({ key }, i) => [key, vocabulary.decode(found[i][0].tokens)]));
  const references = new Map(data.images.map(({ key, references }) => [key, references]));
  const scores = scoreCaptions(captions, references);
  expect(await validator.run(never)).toEqual({
    loss: expect.closeTo(total / words, 5),
    cider: scores.CIDEr,
    distinct: scores.distinctCaptions / I,
    watched: watchedOf([...captions.values()]),
  });
});

it('reads the weights anew at every run', async () => {
  const { weights, validator } = await opened();
  const before = await validator.run(never);
  const saved = bytes(weights);
  expect(await validator.run(never)).toEqual(before);
  expect(bytes(weights)).toEqual(saved);
  weights.get('output.b')![4] += 5;
  expect((await validator.run(never))!.loss).not.toBe(before!.loss);
});

it('can be stopped after any batch', async () => {
  const { validator } = await opened();
  // Two batches of captions for the loss, one of images for the scores.
  for (const turn of [1, 2, 3]) {
    let asked = 0;
    expect(await validator.run(async () => ++asked === turn)).toBeNull();
    expect(asked).toBe(turn);
  }
});

it('says that the loss is no number before anything is captioned', async () => {
  const { weights, validator } = await opened();
  weights.get('output.W')!.fill(Number.NaN);
  expect((await validator.run(never))!.loss).toBeNaN();
});
