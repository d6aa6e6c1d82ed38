import { describe, expect, it } from 'vitest';
import {
  type Arrays,
  averageUpdate,
  initialSlots,
  type Slots,
  type Update,
  updateWeights,
} from '../../src/training/optimizer.ts';
import { OPTIMIZERS, type OptimizerName } from '../../src/training/options.ts';

const by: Update = { step: 1, learningRate: 0.01, scale: 1, momentum: 0.9, weightDecay: 0 };
const START = [1, -1, 0.5];
const GRADIENTS = [
  [0.5, -2, 0],
  [0.1, 3, 0],
  [-0.3, 0.01, 4],
  [0.7, -1, 1],
  [0.2, 0.2, -0.5],
];

/**
 * One weight moved by its gradients, as the papers write it: the next weight from this one, the gradient and
 * the number of the step; `memory` is what the rule remembers.
 */
type Rule = (memory: Record<string, number>, w: number, g: number, step: number, by: Update) => number;

const adamStep: Rule = (memory, w, g, step, { learningRate }) => {
  memory.m = 0.9 * (memory.m ?? 0) + 0.1 * g;
  memory.v = 0.999 * (memory.v ?? 0) + 0.001 * g ** 2;
  const m = memory.m / (1 - 0.9 ** step);
  const v = memory.v / (1 - 0.999 ** step);
  return w - (learningRate * m) / (Math.sqrt(v) + 1e-8);
};

const TEXTBOOK: Readonly<Record<OptimizerName, Rule>> = {
  sgd: (memory, w, g, _, { learningRate, momentum, weightDecay }) => {
    memory.velocity = momentum * (memory.velocity ?? 0) + (g + weightDecay * w);
    return w - learningRate * memory.velocity;
  },
  adagrad: (memory, w, g, _, { learningRate, weightDecay }) => {
    const penalised = g + weightDecay * w;
    memory.squares = (memory.squares ?? 0) + penalised ** 2;
    return w - (learningRate / (Math.sqrt(memory.squares) + 1e-8)) * penalised;
  },
  rmsprop: (memory, w, g, _, { learningRate, weightDecay }) => {
    const penalised = g + weightDecay * w;
    memory.squares = 0.99 * (memory.squares ?? 0) + 0.01 * penalised ** 2;
    return w - (learningRate / (Math.sqrt(memory.squares) + 1e-8)) * penalised;
  },
  adam: (memory, w, g, step, by) => adamStep(memory, w, g + by.weightDecay * w, step, by),
  adamw: (memory, w, g, step, by) =>
    // Loshchilov & Hutter 2019, algorithm 2: both terms from the weight before the step.
    adamStep(memory, w, g, step, by) - by.learningRate * by.weightDecay * w,
};

/** Takes the steps in float32, and returns the weights with what the optimizer remembers. */
function steps(name: OptimizerName, settings: Partial<Update> = {}, gradients = GRADIENTS) {
  const weights: Arrays = new Map([['w', Float32Array.from(START)]]);
  const slots: Slots = initialSlots(name, weights);
  for (const [i, g] of gradients.entries()) {
    const gradient = new Map([['w', Float32Array.from(g)]]);
    updateWeights(name, weights, gradient, slots, { ...by, step: i + 1, ...settings });
  }
  return { weights: [...weights.get('w')!], slots };
}

describe.each(OPTIMIZERS)('%s', (name) => {
  it.each([0, 0.1])(
    'takes the steps of its formula, worked out in float64, with weight decay %d',
    (decay) => {
      const settings = { ...by, weightDecay: decay, momentum: 0.8, learningRate: 0.03 };
      const memories = START.map((): Record<string, number> => ({}));
      const expected = START.map((start, i) =>
        GRADIENTS.reduce(
          (w, g, step) => TEXTBOOK[name](memories[i], w, Math.fround(g[i]), step + 1, settings),
          start,
        ),
      );
      const { weights, slots } = steps(name, { weightDecay: decay, momentum: 0.8, learningRate: 0.03 });
      for (const [i, w] of weights.entries()) expect(w).toBeCloseTo(expected[i], 6);
      expect(Object.keys(slots).sort()).toEqual(Object.keys(memories[0]).sort());
      for (const [slot, arrays] of Object.entries(slots)) {
        const values = memories.map((memory) => memory[slot]);
        for (const [i, value] of arrays.get('w')!.entries()) expect(value).toBeCloseTo(values[i], 5);
      }
    },
  );

  it('scales gradients on the way, not the weight decay', () => {
    const quarter = GRADIENTS.map((g) => g.map((x) => x / 4));
    expect(steps(name, { scale: 0.25, weightDecay: 0.5 })).toEqual(
      steps(name, { weightDecay: 0.5 }, quarter),
    );
    expect(steps(name, { scale: 0.25 })).not.toEqual(steps(name));
  });

  it('finds the bottom of a bowl that is steeper one way than the other', () => {
    const bottom = [0.3, -0.7];
    const steepness = [1, 20];
    const weights = new Map([['w', Float32Array.of(1, 1)]]);
    const slots = initialSlots(name, weights);
    const learningRate = { sgd: 0.01, adagrad: 0.3, rmsprop: 0.005, adam: 0.02, adamw: 0.02 }[name];
    for (let step = 1; step <= 600; step++) {
      const gradient = weights.get('w')!.map((w, i) => steepness[i] * (w - bottom[i]));
      updateWeights(name, weights, new Map([['w', gradient]]), slots, { ...by, step, learningRate });
    }
    for (const [i, w] of weights.get('w')!.entries()) expect(Math.abs(w - bottom[i])).toBeLessThan(0.01);
  });

  it('moves every array with its own memory', () => {
    const weights = new Map([
      ['a', Float32Array.of(1)],
      ['b', Float32Array.of(1, 1)],
    ]);
    const slots = initialSlots(name, weights);
    for (const arrays of Object.values(slots)) {
      expect([...arrays].map(([key, values]) => [key, [...values]])).toEqual([
        ['a', [0]],
        ['b', [0, 0]],
      ]);
    }
    const gradients = new Map([
      ['b', Float32Array.of(0, 1)],
      ['a', Float32Array.of(-1)],
    ]);
    updateWeights(name, weights, gradients, slots, by);
    expect(weights.get('a')![0]).toBeGreaterThan(1);
    expect(weights.get('b')![0]).toBe(1);
    expect(weights.get('b')![1]).toBeLessThan(1);
    const memory = Object.values(slots)[0];
    expect(memory.get('a')![0]).not.toBe(0);
    expect(memory.get('b')![0]).toBe(0);
  });
});

it('adam and adamw differ in the weight decay alone', () => {
  expect(steps('adam').weights).toEqual(steps('adamw').weights);
  expect(steps('adam', { weightDecay: 0.1 }).weights).not.toEqual(
    steps('adamw', { weightDecay: 0.1 }).weights,
  );
});

it('sgd without momentum is the gradient times the learning rate', () => {
  const { weights } = steps('sgd', { momentum: 0, learningRate: 0.5 }, [[1, -2, 0]]);
  expect(weights).toEqual([0.5, 0, 0.5]);
});

describe('averageUpdate', () => {
  it('follows the weights quickly at first and by the decay later', () => {
    const weights = new Map([['w', Float32Array.of(10)]]);
    const average = new Map([['w', Float32Array.of(0)]]);
    averageUpdate(average, weights, 0.99, 1);
    expect(average.get('w')![0]).toBeCloseTo(10 * (1 - 2 / 11));
    average.get('w')![0] = 0;
    averageUpdate(average, weights, 0.99, 10_000);
    expect(average.get('w')![0]).toBeCloseTo(10 * 0.01);
    expect(weights.get('w')![0]).toBe(10);
  });

  it('lies among the weights of the last 1 / (1 - decay) steps', () => {
    const weights = new Map([['w', Float32Array.of(0)]]);
    const average = new Map([['w', Float32Array.of(0)]]);
    for (let step = 1; step <= 500; step++) {
      weights.get('w')![0] = step;
      averageUpdate(average, weights, 0.95, step);
    }
    // The mean of a ramp lags by decay / (1 - decay) steps.
    expect(average.get('w')![0]).toBeCloseTo(500 - 19, 1);
  });
});
