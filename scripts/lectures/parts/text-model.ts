import { CELL_TABLE, type CellName } from '../../../src/decoder/cells/table.ts';
import { UserError } from '../../../src/errors.ts';
import type { Expr } from '../../../src/graph/expr.ts';
import {
  add,
  concat,
  crossEntropy,
  gather,
  input,
  matmul,
  mul,
  parameter,
  split,
  sum,
} from '../../../src/graph/ops.ts';
import { emitOnnx } from '../../../src/onnx/emit.ts';
import { Session, type Tensor } from '../../../src/onnx/session.ts';
import type { Random } from '../../../src/random.ts';
import type { Arrays } from '../../../src/training/optimizer.ts';
import { Learner, type LearnerOptions } from './learner.ts';

/** The different characters of a text, in the order of their codes; an id is a place in it. */
export class Alphabet {
  readonly characters: readonly string[];
  private readonly idOf: ReadonlyMap<string, number>;

  constructor(text: string) {
    this.characters = [...new Set(text)].sort();
    this.idOf = new Map(this.characters.map((character, id) => [character, id]));
  }

  /** @param what what the text is called where it has other characters */
  ids(text: string, what: string): Int32Array {
    return Int32Array.from([...text], (character) => {
      const id = this.idOf.get(character);
      if (id !== undefined) return id;
      throw new UserError(
        `expected ${what} of characters that were learned but got ${JSON.stringify(character)}`,
      );
    });
  }

  text(ids: readonly number[]): string {
    return ids.map((id) => this.characters[id]).join('');
  }
}

/** The state of a recurrent net by its parts' names, each [B,H]. */
export type TextState = Readonly<Record<string, Tensor>>;

/**
 * A recurrent net that reads characters and foretells the next one: h = cell(Wx[character] + b, h), logits = h Wy + by.
 * With the rnn cell its weights are min-char-rnn's: Wx is its Wxh, Wh its Whh, b its bh, Wy its Why, all transposed.
 */
export class TextModel {
  readonly parameters: Readonly<Record<string, Expr>>;

  /**
   * @param V how many different characters there are
   * @param H hidden units
   */
  constructor(
    readonly cell: CellName,
    readonly V: number,
    readonly H: number,
  ) {
    const { gates, weights } = CELL_TABLE[cell];
    const shapes = { Wx: [V, gates * H], b: [gates * H], ...weights(H), Wy: [H, V], by: [V] };
    this.parameters = Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => [name, parameter(name, shape)]),
    );
  }

  /** Matrices normal with this standard deviation, biases 0 or as the cell asks. */
  initialWeights(random: Random, deviation: number): Map<string, Float32Array> {
    const { initialBias } = CELL_TABLE[this.cell];
    const first = (name: string, [rows, columns]: readonly number[]): Float32Array => {
      if (name === 'b')
        return Float32Array.from({ length: rows! }, (_, i) => initialBias[Math.floor(i / this.H)]!);
      if (columns === undefined) return new Float32Array(rows!);
      return Float32Array.from({ length: rows! * columns }, () => deviation * random.normal());
    };
    return new Map(
      Object.entries(this.parameters).map(([name, { shape }]) => [name, first(name, shape.map(Number))]),
    );
  }

  /** The state before the first character of B texts. */
  zeroState(B: number): TextState {
    const zeros = () => ({ dims: [B, this.H], data: new Float32Array(B * this.H) });
    return Object.fromEntries(CELL_TABLE[this.cell].state.map((part) => [part, zeros()]));
  }

  /**
   * T steps through B texts at once. Inputs: `ids` [T*B] int32, the first characters of all texts, then the second,
   * ..., and the state before them, by its parts' names. Gives the logits [T*B,V] and the state after them.
   */
  unroll(T: number, B: number): { readonly logits: Expr; readonly state: Readonly<Record<string, Expr>> } {
    const { Wx, b, Wy, by, ...own } = this.parameters;
    const { state: parts, step } = CELL_TABLE[this.cell];
    // A row of Wx is what one-hot times Wx would give: see one-hot-is-an-embedding.ts.
    const projected = add(gather(Wx!, input('ids', [T * B], 'int32')), b!);
    let state = Object.fromEntries(parts.map((part) => [part, input(part, [B, this.H])]));
    const outputs: Expr[] = [];
    for (const a of split(projected, 0, new Array<number>(T).fill(B))) {
      state = { ...step(a, state, own, this.H) };
      outputs.push(state[parts[0]!]!);
    }
    return { logits: add(matmul(concat(outputs, 0), Wy!), by!), state };
  }

  /**
   * A learner of T steps of B texts, whose outputs are the state after them. Inputs as in `unroll`, and `targets`
   * [T*B] int32 and `shares` [T*B]: how much each target counts in the loss (nats).
   */
  learner(T: number, B: number, weights: Arrays, options: LearnerOptions): Promise<Learner> {
    const { logits, state } = this.unroll(T, B);
    const losses = crossEntropy(logits, input('targets', [T * B], 'int32'));
    return Learner.create(
      sum(mul(losses, input('shares', [T * B]))),
      this.parameters,
      weights,
      options,
      state,
    );
  }
}

/** Reads and writes text with a model's weights as they are at the time. */
export class Writer {
  private constructor(
    private readonly model: TextModel,
    private readonly weights: Arrays,
    private readonly session: Session,
  ) {}

  static async create(model: TextModel, weights: Arrays): Promise<Writer> {
    const { logits, state } = model.unroll(1, 1);
    const graph = emitOnnx(
      { logits, ...Object.fromEntries(Object.entries(state).map(([part, x]) => [`next.${part}`, x])) },
      { name: 'writer' },
    );
    return new Writer(model, weights, await Session.load(graph, { threads: 1 }, 'the writer'));
  }

  /**
   * Reads the prime, then draws characters from softmax(logits / temperature), each the next one's input, until one is
   * `end` or there are `length`.
   */
  async write(
    prime: Int32Array,
    { length, temperature, random, state = this.model.zeroState(1), end }: WriteOptions,
  ): Promise<number[]> {
    const weights = Object.entries(this.model.parameters).map(([name, { shape }]) => [
      name,
      { dims: shape.map(Number), data: this.weights.get(name)! },
    ]);
    const known = Object.fromEntries(weights) as Record<string, Tensor>;
    const written: number[] = [];
    let now = state;
    for (let i = 0; written.length < length; i++) {
      const id = prime[i] ?? written.at(-1)!;
      const { logits, ...next } = await this.session.run({
        ...known,
        ...now,
        ids: { dims: [1], data: Int32Array.of(id) },
      });
      now = Object.fromEntries(Object.entries(next).map(([name, x]) => [name.slice('next.'.length), x]));
      if (i < prime.length - 1) continue;
      const drawn = draw(logits!.data, temperature, random);
      if (drawn === end) break;
      written.push(drawn);
    }
    return written;
  }

  async release(): Promise<void> {
    await this.session.release();
  }
}

interface WriteOptions {
  readonly length: number;
  /** Below 1 safer, above 1 more varied. */
  readonly temperature: number;
  readonly random: Random;
  /** Before the prime; zeros unless given. */
  readonly state?: TextState;
  readonly end?: number;
}

/** A character drawn from softmax(logits / temperature). */
function draw(logits: Float32Array, temperature: number, random: Random): number {
  const greatest = logits.reduce((a, b) => Math.max(a, b));
  const weights = Array.from(logits, (logit) => Math.exp((logit - greatest) / temperature));
  const target = random.next() * weights.reduce((a, b) => a + b);
  let mass = 0;
  for (const [id, weight] of weights.entries()) {
    mass += weight;
    // Summed in the same order as above, and next() < 1: some character passes the target.
    if (mass > target) return id;
  }
  throw new UserError('the net has diverged: its logits are no numbers', {
    hint: 'a smaller --learning-rate',
  });
}
