import { describe, expect, it } from 'vitest';
import type { CaptionedImage, Split } from '../../src/dataset/example.ts';
import { initialWeights } from '../../src/decoder/parameters.ts';
import { Random } from '../../src/random.ts';
import { buildVocabulary, UNK, Vocabulary } from '../../src/text/vocabulary.ts';
import { CaptionSet } from '../../src/training/caption-set.ts';
import {
  DECODING_DEFAULTS,
  HOLDOUT,
  prepareRun,
  type TrainingPlan,
  trainingSplits,
} from '../../src/training/plan.ts';
import { encoderDefinition } from '../../src/vision/encoders.ts';
import { config, options } from './tiny-run.ts';

const photo = (key: string, captions: string[], split?: Split): CaptionedImage => ({
  ...{ key, image: `/photos/${key}`, captions },
  split,
});
const train = [photo('1.jpg', ['A dog runs', 'a dog']), photo('2.jpg', ['A cat.'])];
const validation = [photo('3.jpg', ['A dog and a zebra', '???'])];
const { cell, mode, layers, embeddingSize, hiddenSize } = config;
const plan: TrainingPlan = {
  name: 'mine',
  encoder: encoderDefinition('resnet50'),
  splits: { dataset: 'photos', train, validation, heldOut: false },
  features: { featureSize: 8, rowOf: (key) => Number.parseInt(key, 10) + 10 },
  decoder: { cell, mode, layers, embeddingSize, hiddenSize },
  minCount: 1,
  training: options,
  decoding: DECODING_DEFAULTS,
};

const captionsOf = (set: CaptionSet, words: readonly string[]) =>
  Array.from({ length: set.length }, (_, i) => {
    const { image, words: ids } = set.at(i);
    return [image, ids.map((id) => words[id]).join(' ')];
  });

describe('trainingSplits', () => {
  const dataset = (examples: CaptionedImage[]) => ({ name: 'photos', root: '/photos', examples });

  it('takes the splits of the data set; images of none are for training', () => {
    const test = photo('4.jpg', ['x'], 'test');
    const val = photo('3.jpg', ['x'], 'val');
    const splits = trainingSplits(dataset([...train, val, test]));
    expect(splits).toMatchObject({ dataset: 'photos', heldOut: false });
    expect(splits.train.map(({ key }) => key)).toEqual(['1.jpg', '2.jpg']);
    expect(splits.validation.map(({ key }) => key)).toEqual(['3.jpg']);
  });

  it('holds a share of the training images out where there is none for validation', () => {
    const images = Array.from({ length: 200 }, (_, i) => photo(`${i}.jpg`, ['x']));
    const splits = trainingSplits(dataset([...images, photo('t.jpg', ['x'], 'test')]));
    expect(splits.heldOut).toBe(true);
    expect(splits.validation.length).toBe(200 * HOLDOUT);
    const keys = [...splits.train, ...splits.validation].map(({ key }) => key);
    expect(keys.sort()).toEqual(images.map(({ key }) => key).sort());
    expect(trainingSplits(dataset(images)).validation).toEqual(splits.validation);
  });
});

describe('prepareRun', () => {
  it('counts the words of the training captions and turns all captions into ids', () => {
    const run = prepareRun({ ...plan, text: ['A zebra runs', ''] });
    expect(run.words).toEqual(
      buildVocabulary(
        [
          ['a', 'a', 'a'],
          ['dog', 'dog'],
          ['cat', 'runs'],
        ],
        1,
      ).words,
    );
    expect(run).toMatchObject({
      ...{ dataset: 'photos', trainImages: 2, heldOut: false, start: null },
      config: { ...config, vocabularySize: run.words.length },
      plan: { name: 'mine', minCount: 1, training: options, decoding: DECODING_DEFAULTS },
    });
    expect(captionsOf(new CaptionSet(run.train), run.words)).toEqual([
      [11, 'a dog runs'],
      [11, 'a dog'],
      [12, 'a cat'],
    ]);
    expect(captionsOf(new CaptionSet(run.validation), run.words)).toEqual([[13, 'a dog <unk> a <unk>']]);
    // The words of the text add nothing.
    expect(captionsOf(new CaptionSet(run.text), run.words)).toEqual([[null, 'a <unk> runs']]);
    expect(run.validationImages).toEqual([
      { key: '3.jpg', image: '/photos/3.jpg', row: 13, references: ['A dog and a zebra', '???'] },
    ]);
  });

  it('leaves rare words out', () => {
    const { words } = prepareRun({ ...plan, minCount: 2 });
    expect(words.slice(UNK + 1)).toEqual(['a', 'dog']);
  });

  it('goes on with the words and weights of a model instead of counting', () => {
    const vocabulary = new Vocabulary(['<pad>', '<start>', '<end>', '<unk>', 'zebra', 'a', 'dog', 'moon']);
    const weights = initialWeights({ ...config, vocabularySize: vocabulary.size }, new Random(1));
    const run = prepareRun({ ...plan, minCount: 9, start: { vocabulary, weights } });
    expect(run.words).toEqual(vocabulary.words);
    expect(run.config.vocabularySize).toBe(8);
    expect(run.start).toBe(weights);
    expect([...run.train.words]).toEqual([5, 6, UNK, 5, 6, 5, UNK]);
    expect([...run.validation.words]).toEqual([5, 6, UNK, 5, 4]);
  });

  it('is plain data, which travels between threads', () => {
    const run = prepareRun({ ...plan, text: ['a dog'] });
    expect(structuredClone(run)).toEqual(run);
  });

  it('refuses a decoder that none can be, and images without a feature', () => {
    expect(() => prepareRun({ ...plan, decoder: { ...plan.decoder, hiddenSize: 0 } })).toThrow(
      'mine: expected hiddenSize to be a positive whole number but got 0',
    );
    const none = { featureSize: 8, rowOf: () => undefined };
    expect(() => prepareRun({ ...plan, features: none })).toThrow(
      'expected a feature for every image but 2 have none, such as 1.jpg, 2.jpg',
    );
  });
});
