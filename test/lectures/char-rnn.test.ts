import { describe, expect, test } from 'vitest';
import { type CharRnnOptions, charRnn } from '../../scripts/lectures/char-rnn.ts';
import { TextModel } from '../../scripts/lectures/parts/text-model.ts';
import { Random } from '../../src/random.ts';

const ITERATIONS = 100;
/** 1,300 characters: the state is reset at the end of the text once within 100 chunks. */
const TEXT = 'How much wood would a woodchuck chuck, if a woodchuck could chuck wood?\n'.repeat(18);

const OPTIONS: CharRnnOptions = {
  ...{ cell: 'rnn', hiddenSize: 12, chunk: 25, learningRate: 0.1, iterations: ITERATIONS, seed: 2 },
  ...{ sampleEvery: ITERATIONS, length: 40, temperature: 0.1, prime: 'How much' },
};

describe('char-rnn', () => {
  // With 40 hidden units no two could agree for long: two runs of min-char-rnn itself, in float64, whose first weights
  // differ by 1e-10 of their size, have losses 70 % apart before the 100th iteration. With 12 it is not chaotic.
  test('has the losses of min-char-rnn in float64', async () => {
    const { losses: expected, clipped } = minCharRnn(TEXT, OPTIONS);

    const losses = await charRnn(TEXT, OPTIONS);

    expect(losses).toHaveLength(ITERATIONS);
    expect(clipped).toBeGreaterThan(0);
    expect(expected.at(-1)).toBeLessThan(0.2 * expected[0]);
    const errors = losses.map((loss, n) => Math.abs(loss / expected[n] - 1));
    expect(Math.max(...errors)).toBeLessThan(1e-5);
  });

  test('goes on from a prime text', async () => {
    const options: CharRnnOptions = { ...OPTIONS, cell: 'gru', hiddenSize: 40 };
    const samples: string[] = [];

    await charRnn(TEXT, options, (_iteration, _loss, sample) => samples.push(sample));

    expect(samples).toHaveLength(2);
    expect(samples[1]).toMatch(/^How much wood.* woodchuck/);
    expect(samples[1]).toHaveLength('How much'.length + OPTIONS.length);
  });

  test('says so when it diverges, whatever it has just written', async () => {
    const wild = charRnn(TEXT, { ...OPTIONS, cell: 'relu', learningRate: 1e30, sampleEvery: 1 });

    await expect(wild).rejects.toThrow('the net has diverged: its loss is NaN');
  });

  test('names characters of the prime that the text does not have', async () => {
    const mistake = charRnn(TEXT, { ...OPTIONS, prime: 'How?!' });

    await expect(mistake).rejects.toThrow('expected --prime of characters that were learned but got "!"');
  });
});

type Matrix = readonly Float64Array[];

/**
 * Karpathy's min-char-rnn.py as it stands (gist d4dee566867f8291f086), loop by loop, in float64; only Adagrad's epsilon
 * stands outside the root as in src/training/optimizer.ts.
 */
function minCharRnn(
  text: string,
  { hiddenSize: H, chunk, learningRate, iterations, seed }: CharRnnOptions,
): { losses: number[]; clipped: number } {
  const chars = [...new Set(text)].sort();
  const V = chars.length;
  const data = [...text].map((char) => chars.indexOf(char));
  const zeros = (rows: number, columns: number): Matrix =>
    Array.from({ length: rows }, () => new Float64Array(columns));
  const first = new TextModel('rnn', V, H).initialWeights(new Random(seed), 0.01);
  /** The gist's matrix [to,from]; the net has it transposed. */
  const matrix = (name: string, from: number, to: number): Matrix =>
    Array.from({ length: to }, (_, i) =>
      Float64Array.from({ length: from }, (_, j) => first.get(name)![j * to + i]),
    );
  const [Wxh, Whh, Why] = [matrix('Wx', V, H), matrix('Wh', H, H), matrix('Wy', H, V)];
  const [bh, by] = [matrix('b', 1, H), matrix('by', 1, V)];
  const memory = [Wxh, Whh, Why, bh, by].map((W) => zeros(W.length, W[0].length));

  const losses: number[] = [];
  let clipped = 0;
  let hprev = new Float64Array(H);
  for (let n = 0, p = 0; n < iterations; n++, p += chunk) {
    if (p + chunk + 1 >= data.length || n === 0) {
      hprev = new Float64Array(H);
      p = 0;
    }
    // Forward.
    const hs: Float64Array[] = [];
    const ps: Float64Array[] = [];
    let loss = 0;
    for (let t = 0; t < chunk; t++) {
      const before = hs[t - 1] ?? hprev;
      const x = data[p + t];
      hs[t] = Float64Array.from({ length: H }, (_, i) =>
        Math.tanh(Wxh[i][x] + dot(Whh[i], before) + bh[i][0]),
      );
      const y = Float64Array.from({ length: V }, (_, i) => Math.exp(dot(Why[i], hs[t]) + by[i][0]));
      const total = y.reduce((a, b) => a + b);
      ps[t] = y.map((value) => value / total);
      loss -= Math.log(ps[t][data[p + t + 1]]);
    }
    // Backward.
    const [dWxh, dWhh, dWhy, dbh, dby] = [zeros(H, V), zeros(H, H), zeros(V, H), zeros(H, 1), zeros(V, 1)];
    let dhnext = new Float64Array(H);
    for (let t = chunk - 1; t >= 0; t--) {
      const before = hs[t - 1] ?? hprev;
      const dy = ps[t].slice();
      dy[data[p + t + 1]] -= 1;
      const dh = dhnext.slice();
      for (let i = 0; i < V; i++) {
        dby[i][0] += dy[i];
        for (let j = 0; j < H; j++) {
          dWhy[i][j] += dy[i] * hs[t][j];
          dh[j] += Why[i][j] * dy[i];
        }
      }
      dhnext = new Float64Array(H);
      for (let i = 0; i < H; i++) {
        const dhraw = (1 - hs[t][i] ** 2) * dh[i];
        dbh[i][0] += dhraw;
        dWxh[i][data[p + t]] += dhraw;
        for (let j = 0; j < H; j++) {
          dWhh[i][j] += dhraw * before[j];
          dhnext[j] += Whh[i][j] * dhraw;
        }
      }
    }
    // Adagrad.
    [Wxh, Whh, Why, bh, by].forEach((W, k) => {
      const dW = [dWxh, dWhh, dWhy, dbh, dby][k];
      for (let i = 0; i < W.length; i++) {
        for (let j = 0; j < W[i].length; j++) {
          if (Math.abs(dW[i][j]) > 5) clipped++;
          const g = Math.max(-5, Math.min(5, dW[i][j]));
          memory[k][i][j] += g * g;
          W[i][j] -= (learningRate * g) / (Math.sqrt(memory[k][i][j]) + 1e-8);
        }
      }
    });
    hprev = Float64Array.from(hs[chunk - 1]);
    losses.push(loss);
  }
  return { losses, clipped };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
