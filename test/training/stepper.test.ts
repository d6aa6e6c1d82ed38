import { expect, it, onTestFinished } from 'vitest';
import { OnnxDecoder } from '../../src/captioning/onnx-decoder.ts';
import type { LossOptions } from '../../src/decoder/graphs.ts';
import { initialWeights } from '../../src/decoder/parameters.ts';
import { Random } from '../../src/random.ts';
import { END, PAD, START, UNK } from '../../src/text/vocabulary.ts';
import { assembleBatch } from '../../src/training/batches.ts';
import { LossStepper, Stepper } from '../../src/training/stepper.ts';
import { data, examples, F, matrix, one, options, smaller } from './tiny-run.ts';

const T = 6;
const weights = initialWeights(smaller, new Random(2));
const batch = assembleBatch(examples, data.features, T);
const plain: LossOptions = { dropout: options.dropout, labelSmoothing: 0, silence: false };

async function stepper(loss: Partial<LossOptions>, from = weights): Promise<Stepper> {
  const opened = await Stepper.create(smaller, from, T, { ...plain, ...loss }, one);
  onTestFinished(() => opened.release());
  return opened;
}

it('without dropout and smoothing the training loss is the validation loss', async () => {
  const validation = await LossStepper.create(smaller, weights, T, one);
  onTestFinished(() => validation.release());
  expect(await (await stepper({})).run(batch, new Random(1))).toBeCloseTo(await validation.run(batch), 6);
});

it('label smoothing is no part of the validation loss, and lifts the training loss of a sure model', async () => {
  const sure = new Map([...weights].map(([name, w]) => [name, w.slice()]));
  sure.get('output.b')![4] += 10;
  const four = assembleBatch([{ image: 0, words: [4, 4, 4, 4, 4, 4] }], data.features, T);
  const smoothed = await (await stepper({ labelSmoothing: 0.1 }, sure)).run(four, new Random(1));
  const sharp = await (await stepper({}, sure)).run(four, new Random(1));
  expect(sharp).toBeLessThan(0.01);
  // A tenth of the target is spread over 14 words, of which 13 lie about 10 nats below.
  expect(smoothed).toBeGreaterThan(0.1 * (13 / 14) * 9);
});

it('silence takes <pad>, <start> and <unk> out of the softmax, exactly', async () => {
  const silenced = await stepper({ silence: true });
  const loss = await silenced.run(batch, new Random(1));
  const bias = silenced.gradients.get('output.b')!;
  for (const word of [PAD, START, UNK]) {
    expect(bias[word]).toBe(0);
    for (let h = 0; h < smaller.hiddenSize; h++) {
      expect(silenced.gradients.get('output.W')![h * smaller.vocabularySize + word]).toBe(0);
    }
  }
  expect(bias[END]).not.toBe(0);
  const open = await stepper({});
  await open.run(batch, new Random(1));
  for (const word of [PAD, START, UNK]) {
    expect(open.gradients.get('output.b')![word]).toBeGreaterThan(0.01);
  }

  // The same from the graphs that decode: log p of each word less that of all words that can be said.
  const decoder = await OnnxDecoder.ofWeights(smaller, weights, one);
  onTestFinished(() => decoder.release());
  let expected = 0;
  for (const { image, words } of examples) {
    let state = await decoder.start(matrix.slice(image! * F, (image! + 1) * F), 1);
    let last = START;
    for (const word of [...words, END]) {
      const { logProbs, state: next } = await decoder.step(Int32Array.of(last), state);
      const said = [...logProbs].reduce(
        (sum, logProb, id) => (id === END || id > UNK ? sum + Math.exp(logProb) : sum),
        0,
      );
      expected -= (logProbs[word] - Math.log(said)) / batch.words;
      state = next;
      last = word;
    }
  }
  expect(loss).toBeCloseTo(expected, 5);
});

it('draws its dropout masks from the generator', async () => {
  const dropping = await stepper({ dropout: { image: 0.2, embedding: 0.5, output: 0.5 } });
  const loss = (seed: number) => dropping.run(batch, new Random(seed));
  expect(await loss(1)).toBe(await loss(1));
  expect(await loss(1)).not.toBe(await loss(2));
});

it('reads the weights anew at every step', async () => {
  const moving = new Map([...weights].map(([name, w]) => [name, w.slice()]));
  const moved = await stepper({}, moving);
  const before = await moved.run(batch, new Random(1));
  moving.get('output.b')![START] += 5;
  expect(await moved.run(batch, new Random(1))).toBeGreaterThan(before + 1);
});
