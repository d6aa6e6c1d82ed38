import { describe, expect, it } from 'vitest';
import { TRAINING_DEFAULTS, type TrainingOptions } from '../../src/training/options.ts';
import { learningRateAt, type Place } from '../../src/training/schedule.ts';

const START: Place = { step: 0, progress: 0, epoch: 0, epochs: 10, history: [] };

/** The learning rate with a base of 1, constant where nothing else is asked for. */
const rate = (settings: Partial<TrainingOptions>, place: Partial<Place>) =>
  learningRateAt(
    { ...TRAINING_DEFAULTS, learningRate: 1, schedule: 'constant', ...settings },
    { ...START, ...place },
  );

it('constant stays', () => {
  for (const epoch of [0, 3, 9]) {
    expect(rate({ learningRate: 0.3 }, { epoch, progress: epoch + 0.5, step: 1000 })).toBe(0.3);
  }
});

it('step multiplies by the decay every few epochs, all at once', () => {
  const step = { schedule: 'step', learningRateDecay: 0.5, decayEvery: 3 } as const;
  const rates = [0, 1, 2, 3, 5, 6, 9].map((epoch) => rate(step, { epoch, progress: epoch + 0.9 }));
  expect(rates).toEqual([1, 1, 1, 0.5, 0.5, 0.25, 0.125]);
});

it('cosine falls from the whole rate to 0, slowly at both ends', () => {
  const at = (progress: number) => rate({ schedule: 'cosine' }, { progress });
  expect(at(0)).toBe(1);
  expect(at(10 / 4)).toBeCloseTo((1 + Math.SQRT1_2) / 2, 12);
  expect(at(10 / 3)).toBeCloseTo(0.75, 12);
  expect(at(5)).toBeCloseTo(0.5, 12);
  expect(at(20 / 3)).toBeCloseTo(0.25, 12);
  expect(at(10)).toBe(0);
  expect(at(11)).toBe(0);
});

describe('plateau', () => {
  const history = (losses: number[]) =>
    losses.map((validationLoss) => ({ validationLoss, validationCider: -validationLoss }));
  const rates = (losses: number[], settings: Partial<TrainingOptions>) =>
    losses.map((_, done) =>
      rate(
        { schedule: 'plateau', learningRateDecay: 0.5, ...settings },
        { epoch: done + 1, history: history(losses).slice(0, done + 1) },
      ),
    );
  // After the epochs:    best best      worse best worse equal worse
  const losses = [3, 2, 2.5, 1, 1.5, 1, 1.2];

  it('multiplies by the decay after every epoch without a better loss', () => {
    expect(rates(losses, { decayEvery: 1 })).toEqual([1, 1, 0.5, 0.5, 0.25, 0.125, 0.0625]);
  });

  it('waits for as many epochs in a row as asked for, each time anew', () => {
    expect(rates(losses, { decayEvery: 2 })).toEqual([1, 1, 1, 1, 1, 0.5, 0.5]);
    expect(rates([1, 2, 2, 2, 2, 2], { decayEvery: 2 })).toEqual([1, 1, 0.5, 0.5, 0.25, 0.25]);
    expect(rates(losses, { decayEvery: 4 })).toEqual([1, 1, 1, 1, 1, 1, 1]);
  });

  it('goes by CIDEr-D where that selects', () => {
    const falling = [
      { validationLoss: 2, validationCider: 0.5 },
      { validationLoss: 1, validationCider: 0.4 },
    ];
    const plateau = { schedule: 'plateau', learningRateDecay: 0.1, decayEvery: 1 } as const;
    expect(rate({ ...plateau, select: 'cider' }, { history: falling })).toBe(0.1);
    expect(rate({ ...plateau, select: 'loss' }, { history: falling })).toBe(1);
  });
});

describe('warm-up', () => {
  it('rises from the first step to the last of it', () => {
    const rates = [1, 2, 3, 4, 5, 100].map((step) => rate({ warmup: 4, learningRate: 0.8 }, { step }));
    expect(rates).toEqual([0.2, 0.4, expect.closeTo(0.6, 12), 0.8, 0.8, 0.8]);
  });

  it('multiplies any schedule', () => {
    const step = { warmup: 10, schedule: 'step', learningRateDecay: 0.5, decayEvery: 1 } as const;
    expect(rate(step, { step: 5, epoch: 1, progress: 1.2 })).toBe(0.25);
    expect(rate({ warmup: 10, schedule: 'cosine' }, { step: 2, progress: 5 })).toBeCloseTo(0.1, 12);
  });
});
