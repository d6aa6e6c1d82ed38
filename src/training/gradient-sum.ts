import type { Arrays } from './optimizer.ts';

/** The mean gradient of several batches, each by its number of words: what one batch of them all would give. */
export class GradientSum {
  private readonly sums: Arrays;
  private words = 0;

  constructor(like: Arrays) {
    this.sums = new Map([...like].map(([name, g]) => [name, new Float32Array(g.length)]));
  }

  clear(): void {
    this.words = 0;
    for (const sum of this.sums.values()) sum.fill(0);
  }

  /** @param gradients of the mean loss of this many words */
  add(gradients: Arrays, words: number): void {
    this.words += words;
    for (const [name, sum] of this.sums) {
      const g = gradients.get(name)!;
      for (let i = 0; i < sum.length; i++) sum[i] += words * g[i];
    }
  }

  /** The mean, in place of the sum: `clear` before adding more. */
  mean(): Arrays {
    const share = 1 / this.words;
    for (const sum of this.sums.values()) {
      for (let i = 0; i < sum.length; i++) sum[i] *= share;
    }
    return this.sums;
  }
}
