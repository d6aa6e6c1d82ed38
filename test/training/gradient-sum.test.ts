import { expect, it } from 'vitest';
import { initialWeights } from '../../src/decoder/parameters.ts';
import { Random } from '../../src/random.ts';
import { assembleBatch } from '../../src/training/batches.ts';
import { GradientSum } from '../../src/training/gradient-sum.ts';
import { Stepper } from '../../src/training/stepper.ts';
import { data, examples, one, options, smaller } from './tiny-run.ts';

const loss = { dropout: options.dropout, labelSmoothing: 0, silence: false };

it('several batches give the gradients of one batch of them all', async () => {
  const weights = initialWeights(smaller, new Random(2));
  const stepper = await Stepper.create(smaller, weights, 6, loss, one);
  const run = async (from: number, to: number) => {
    const batch = assembleBatch(examples.slice(from, to), data.features, 6);
    return { words: batch.words, loss: await stepper.run(batch, new Random(0)) };
  };
  const parts = [
    [0, 1],
    [1, 4],
    [4, 6],
  ];
  const sum = new GradientSum(stepper.gradients);
  const unweighted = new GradientSum(stepper.gradients);
  // What an earlier step left behind is gone.
  await run(0, 6);
  sum.add(stepper.gradients, 99);
  sum.clear();
  for (const [from, to] of parts) {
    const { words } = await run(from, to);
    sum.add(stepper.gradients, words);
    unweighted.add(stepper.gradients, 1);
  }
  await run(0, 6);
  let naive = 0;
  for (const [name, mean] of sum.mean()) {
    const whole = stepper.gradients.get(name)!;
    for (const [i, g] of mean.entries()) {
      expect(Math.abs(g - whole[i]), `${name}[${i}]`).toBeLessThan(1e-5);
    }
  }
  for (const [name, mean] of unweighted.mean()) {
    const whole = stepper.gradients.get(name)!;
    for (const [i, g] of mean.entries()) naive = Math.max(naive, Math.abs(g - whole[i]));
  }
  // The batches have different numbers of words: their plain mean is something else.
  expect(naive).toBeGreaterThan(1e-3);
  await stepper.release();
});

it('adds in its own arrays', () => {
  const gradients = new Map([['w', Float32Array.of(1, 2)]]);
  const sum = new GradientSum(gradients);
  sum.add(gradients, 3);
  gradients.get('w')!.set([5, -2]);
  sum.add(gradients, 1);
  expect([...sum.mean().get('w')!]).toEqual([2, 1]);
  expect([...gradients.get('w')!]).toEqual([5, -2]);
});
