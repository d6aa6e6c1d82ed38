import { describe, expect, it } from 'vitest';
import { CaptionSet } from '../../src/training/caption-set.ts';
import { fingerprint } from '../../src/training/fingerprint.ts';
import type { TrainingOptions } from '../../src/training/options.ts';
import { config, contradiction, data, examples, options } from './tiny-run.ts';

const weights = (value: number) => new Map([['output.b', Float32Array.of(0, value)]]);
const of = (changed: Partial<TrainingOptions> = {}, base: Partial<TrainingOptions> = {}) =>
  fingerprint(config, data, { ...options, ...base, ...changed }, null);

/** Another value of every option. */
const OTHER: { readonly [Option in keyof TrainingOptions]: TrainingOptions[Option] } = {
  epochs: 7,
  batchSize: 5,
  accumulate: 2,
  optimizer: 'sgd',
  learningRate: 0.5,
  momentum: 0.5,
  weightDecay: 0.1,
  schedule: 'plateau',
  learningRateDecay: 0.5,
  decayEvery: 2,
  warmup: 3,
  clipNorm: 1,
  clipValue: 1,
  dropout: { image: 0, embedding: 0.1, output: 0 },
  wordDropout: 0.1,
  featureNoise: 0.1,
  labelSmoothing: 0.1,
  scheduledSampling: 0.1,
  averaging: 0.5,
  textEpochs: 1,
  selfCritical: true,
  samples: 2,
  wordShare: 0.1,
  maxSteps: 7,
  select: 'cider',
  patience: 1,
  seed: 9,
};

describe('fingerprint', () => {
  it('is the same for the same run', () => {
    expect(of()).toBe(of());
    const again = { ...data, train: CaptionSet.of(examples), images: structuredClone(data.images) };
    expect(fingerprint({ ...config }, again, { ...options }, null)).toBe(of());
    expect(fingerprint(config, data, options, weights(1))).toBe(
      fingerprint(config, data, options, weights(1)),
    );
  });

  it.each(Object.keys(OTHER) as (keyof TrainingOptions)[])('%s: may it change on a resume?', (option) => {
    const changed = { [option]: OTHER[option] };
    expect(options[option]).not.toEqual(OTHER[option]);
    const may = option === 'patience' || option === 'epochs';
    expect(of(changed) === of()).toBe(may);
  });

  it('the number of epochs may not change where every step depends on it', () => {
    const longer = { epochs: 61 };
    expect(of(longer, { schedule: 'cosine' })).not.toBe(of({}, { schedule: 'cosine' }));
    expect(of(longer, { scheduledSampling: 0.2 })).not.toBe(of({}, { scheduledSampling: 0.2 }));
    expect(of({ patience: 1 }, { schedule: 'cosine' })).toBe(of({}, { schedule: 'cosine' }));
  });

  it.each(['train', 'validation', 'text'] as const)('other %s captions are another run', (part) => {
    const changed = (captions: CaptionSet) =>
      fingerprint(config, { ...data, [part]: captions }, options, null);
    expect(changed(contradiction)).not.toBe(of());
    expect(changed(CaptionSet.of(examples.slice(1)))).not.toBe(of());
    expect(changed(CaptionSet.of([]))).not.toBe(of());
  });

  it('captions that change places between training and validation are another run', () => {
    const some = CaptionSet.of(examples.slice(0, 2));
    const others = CaptionSet.of(examples.slice(2));
    expect(fingerprint(config, { ...data, train: some, validation: others }, options, null)).not.toBe(
      fingerprint(config, { ...data, train: others, validation: some }, options, null),
    );
  });

  it('so are another source, other validation images, more views and another decoder', () => {
    expect(fingerprint(config, { ...data, source: 'other' }, options, null)).not.toBe(of());
    expect(fingerprint(config, { ...data, images: data.images.slice(1) }, options, null)).not.toBe(of());
    const views = [data.features.views[0], data.features.views[0]];
    const features = { ...data.features, views };
    expect(fingerprint(config, { ...data, features }, options, null)).not.toBe(of());
    expect(fingerprint({ ...config, layers: 2 }, data, options, null)).not.toBe(of());
  });

  it('and other weights to start from', () => {
    const start = (from: Map<string, Float32Array> | null) => fingerprint(config, data, options, from);
    expect(start(weights(1))).not.toBe(start(null));
    expect(start(weights(1))).not.toBe(start(weights(2)));
    expect(start(new Map([['output.W', Float32Array.of(0, 1)]]))).not.toBe(start(weights(1)));
    // A view of a larger array stands for its own values only.
    const part = new Map([['output.b', Float32Array.of(9, 0, 1, 9).subarray(1, 3)]]);
    expect(start(part)).toBe(start(weights(1)));
  });
});
