import { describe, expect, it } from 'vitest';
import { OnnxDecoder } from '../../src/captioning/onnx-decoder.ts';
import { search } from '../../src/captioning/search.ts';
import { searchOptions } from '../../src/captioning/search-options.ts';
import type { DecoderConfig } from '../../src/decoder/config.ts';
import { CiderD } from '../../src/evaluation/cider.ts';
import { sentence } from '../../src/evaluation/sentence.ts';
import { Random } from '../../src/random.ts';
import { buildVocabulary } from '../../src/text/vocabulary.ts';
import { CaptionSet } from '../../src/training/caption-set.ts';
import { TRAINING_DEFAULTS } from '../../src/training/options.ts';
import { advantages, type RewardedImage, trainSelfCritical } from '../../src/training/self-critical.ts';
import { train } from '../../src/training/trainer.ts';
import { rowsOf } from '../helpers/feature-rows.ts';

const F = 8;
const random = new Random(3);
const things = ['dog', 'cat', 'boat', 'child', 'horse', 'car'];
const places = ['sand', 'grass', 'snow'];
const matrix = Float32Array.from({ length: 6 * F }, () => random.normal());
const features = { featureSize: F, views: [rowsOf(matrix, F)] };
const captions = things.map((thing, i) => [
  ['a', thing, 'on', 'the', places[i % 3]],
  ['one', thing, 'is', 'on', places[i % 3]],
  ['a', thing],
]);
const vocabulary = buildVocabulary(captions.flat(), 1);
const config: DecoderConfig = {
  cell: 'gru',
  mode: 'init',
  layers: 1,
  embeddingSize: 10,
  hiddenSize: 16,
  featureSize: F,
  vocabularySize: vocabulary.size,
};
const one = { threads: 1 };

/** A model that has begun to learn by cross-entropy. */
async function start(): Promise<Map<string, Float32Array>> {
  const examples = CaptionSet.of(
    captions.flatMap((own, image) => own.map((words) => ({ image, words: vocabulary.encode(words) }))),
  );
  const options = {
    ...TRAINING_DEFAULTS,
    epochs: 12,
    batchSize: 6,
    learningRate: 0.02,
    maxSteps: 7,
    averaging: 0,
  };
  const { weights } = await train(
    config,
    { source: 'a test', features, train: examples, validation: examples },
    options,
    one,
  );
  return new Map(weights);
}

const images: RewardedImage[] = captions.map((references, row) => ({ row, references }));
const options = {
  epochs: 25,
  images: 3,
  samples: 4,
  learningRate: 5e-3,
  clipNorm: 5,
  maxSteps: 7,
  seed: 2,
};

describe('advantages', () => {
  it('compares each reward with the mean of the others', () => {
    expect(advantages([3, 1, 2])).toEqual([1.5, -1.5, 0]);
    expect(advantages([2, 2])).toEqual([0, 0]);
  });
});

describe('trainSelfCritical', () => {
  it('needs two samples to compare', async () => {
    const call = trainSelfCritical(
      config,
      await start(),
      images,
      features,
      vocabulary,
      { ...options, samples: 1 },
      one,
      {
        validate: async () => 0,
      },
    );
    await expect(call).rejects.toThrow('expected at least 2 samples an image to compare but got 1');
  });

  it('raises the reward of what the model says, and returns the epoch that validated best', async () => {
    const cider = new CiderD(new Map(captions.map((own, i) => [i, own.map((words) => sentence(words))])));
    const rewards: number[] = [];
    const validations: number[] = [];
    const validate: Parameters<typeof trainSelfCritical>[7]['validate'] = async (decoder) => {
      const found = await search(decoder, matrix, 6, searchOptions({ beam: 1 }));
      const scores = found.map(([{ tokens }], i) =>
        cider.score(i, sentence(vocabulary.decode(tokens).split(' '))),
      );
      return scores.reduce((a, b) => a + b) / scores.length;
    };
    const weights = await start();
    const best = await trainSelfCritical(config, weights, images, features, vocabulary, options, one, {
      validate,
      onEpoch: (_, reward, validation) => {
        rewards.push(reward);
        validations.push(validation);
      },
    });
    expect(rewards.length).toBe(options.epochs + 1);
    expect(rewards.at(-1)).toBeGreaterThan(1.5 * rewards[1]);
    expect(Math.max(...validations)).toBeGreaterThan(validations[0]);

    const decoder = await OnnxDecoder.ofWeights(config, best, one);
    expect(await validate(decoder)).toBeCloseTo(Math.max(...validations), 5);
    await decoder.release();
  });

  it('gives the same weights for the same seed', async () => {
    const run = async () => {
      const weights = await start();
      await trainSelfCritical(config, weights, images, features, vocabulary, { ...options, epochs: 2 }, one, {
        validate: async () => 0,
      });
      return [...weights].map(([name, values]) => [name, [...values]]);
    };
    expect(await run()).toEqual(await run());
  });
});
