import type { Random } from '../../../src/random.ts';
import type { Arrays } from '../../../src/training/optimizer.ts';
import { Graph } from './graph.ts';
import type { TextModel, TextState } from './text-model.ts';

interface WriteOptions {
  readonly length: number;
  /** Below 1 safer, above 1 more varied. */
  readonly temperature: number;
  readonly random: Random;
  /** Before the prime, for one text; zeros unless given. */
  readonly state?: TextState;
  readonly end?: number;
}

/** Reads and writes text with a model's weights as they are at the time. */
export class Writer {
  private readonly graph: Graph;

  constructor(
    private readonly model: TextModel,
    private readonly weights: Arrays,
  ) {
    const { logits, state } = model.unroll(1, 1);
    this.graph = new Graph({ ...state, logits });
  }

  /** Reads the prime, then draws characters, each the next one's input, until one is `end` or there are `length`. */
  async write(prime: ArrayLike<number>, options: WriteOptions): Promise<number[]> {
    const { length, temperature, random, end } = options;
    let state = options.state ?? this.model.zeroState(1);
    const written: number[] = [];
    for (let i = 0; written.length < length; i++) {
      const ids = { dims: [1], data: Int32Array.of(prime[i] ?? written.at(-1)) };
      const { logits, ...next } = await this.graph.run(this.weights, { ...state, ids });
      state = next;
      if (i < prime.length - 1) continue;
      const drawn = draw(logits.data, temperature, random);
      if (drawn === end) break;
      written.push(drawn);
    }
    return written;
  }

  async release(): Promise<void> {
    await this.graph.release();
  }
}

/** A character drawn from softmax(logits / temperature). */
function draw(logits: Float32Array, temperature: number, random: Random): number {
  const greatest = logits.reduce((a, b) => Math.max(a, b));
  const weights = Array.from(logits, (logit) => Math.exp((logit - greatest) / temperature));
  let left = random.next() * weights.reduce((a, b) => a + b);
  return weights.findIndex((weight) => {
    left -= weight;
    return left < 0;
  });
}
