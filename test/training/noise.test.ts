import { describe, expect, it } from 'vitest';
import { Random } from '../../src/random.ts';
import { START, UNK } from '../../src/text/vocabulary.ts';
import { addFeatureNoise, dropWords } from '../../src/training/noise.ts';

describe('addFeatureNoise', () => {
  const F = 20_000;

  it("adds a normal noise whose deviation is a share of each vector's root mean square", () => {
    const clean = new Float32Array(2 * F).fill(3, 0, F).fill(-0.5, F);
    const noisy = clean.slice();
    addFeatureNoise(noisy, F, 0.2, new Random(1));
    for (const [row, rms] of [3, 0.5].entries()) {
      const noise = noisy.slice(row * F, (row + 1) * F).map((v, i) => (v - clean[row * F + i]) / (0.2 * rms));
      const moment = (power: number) => noise.reduce((sum, z) => sum + z ** power, 0) / F;
      // Three standard errors or so of each moment of 20,000 draws from N(0, 1).
      expect(Math.abs(moment(1))).toBeLessThan(0.022);
      expect(Math.abs(moment(2) - 1)).toBeLessThan(0.03);
      expect(Math.abs(moment(4) - 3)).toBeLessThan(0.21);
    }
  });

  it('takes the root mean square, not the largest value or the mean', () => {
    const image = new Float32Array(F);
    image[0] = Math.sqrt(F);
    addFeatureNoise(image, F, 0.5, new Random(1));
    const squares = image.subarray(1).reduce((sum, v) => sum + v * v, 0) / (F - 1);
    expect(Math.abs(Math.sqrt(squares) - 0.5)).toBeLessThan(0.01);
  });

  it('leaves a feature of zeros, which is no photograph, as it is', () => {
    const image = Float32Array.of(0, 0, 1, 1);
    addFeatureNoise(image, 2, 0.5, new Random(1));
    expect([...image.subarray(0, 2)]).toEqual([0, 0]);
    expect(image[2]).not.toBe(1);
    expect(image[3] - 1).not.toBe(image[2] - 1);
  });

  it('depends on the generator alone', () => {
    const noisy = (seed: number) => {
      const image = new Float32Array(8).fill(1);
      addFeatureNoise(image, 4, 0.1, new Random(seed));
      return [...image];
    };
    expect(noisy(1)).toEqual(noisy(1));
    expect(noisy(1)).not.toEqual(noisy(2));
  });
});

describe('dropWords', () => {
  const words = () => Int32Array.from({ length: 20_000 }, (_, i) => (i % 4 === 0 ? START : 4 + (i % 7)));

  it('hides the asked-for share of words behind <unk>, never <start>', () => {
    for (const share of [0.1, 0.6]) {
      const inputs = words();
      dropWords(inputs, share, new Random(2));
      const changed = [...words()].flatMap((before, i) =>
        inputs[i] === before ? [] : [{ before, after: inputs[i] }],
      );
      expect(changed.every(({ before, after }) => before !== START && after === UNK)).toBe(true);
      // Three standard errors of 15,000 draws.
      expect(Math.abs(changed.length / 15_000 - share)).toBeLessThan(0.012);
    }
  });

  it('depends on the generator alone, and a share of 0 changes nothing', () => {
    const dropped = (share: number, seed: number) => {
      const inputs = words().slice(0, 100);
      dropWords(inputs, share, new Random(seed));
      return inputs;
    };
    expect(dropped(0.3, 1)).toEqual(dropped(0.3, 1));
    expect(dropped(0.3, 1)).not.toEqual(dropped(0.3, 2));
    expect(dropped(0, 1)).toEqual(words().slice(0, 100));
  });
});
