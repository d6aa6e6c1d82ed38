import type { Expr } from '../../../src/graph/expr.ts';
import { emitOnnx } from '../../../src/onnx/emit.ts';
import { type FloatTensor, Session, type Tensor } from '../../../src/onnx/session.ts';
import type { Arrays } from '../../../src/training/optimizer.ts';

/** Expressions by name, and what onnxruntime computes for them on one thread. */
export class Graph {
  private session: Promise<Session> | undefined;

  constructor(private readonly outputs: Readonly<Record<string, Expr>>) {}

  /**
   * The outputs' values.
   * @param arrays the values of `parameter` and `input` leaves by name, in the leaf's shape, row-major
   * @param tensors the same with a shape of their own; both may have more than the graph needs
   */
  async run(
    arrays: Arrays,
    tensors: Readonly<Record<string, Tensor>> = {},
  ): Promise<Record<string, FloatTensor>> {
    this.session ??= this.load();
    const session = await this.session;
    const inputs = session.inputs.map(({ name, dims }) => {
      return [name, tensors[name] ?? { dims: dims.map(Number), data: arrays.get(name)! }] as const;
    });
    const results = await session.run(Object.fromEntries(inputs));
    return Object.fromEntries(Object.keys(this.outputs).map((name) => [name, results[`out.${name}`]]));
  }

  async release(): Promise<void> {
    await (await this.session)?.release();
  }

  /** Outputs get a prefix of their own: a state goes in and comes out by the same name. */
  private load(): Promise<Session> {
    const outputs = Object.entries(this.outputs).map(([name, x]) => [`out.${name}`, x] as const);
    const graph = emitOnnx(Object.fromEntries(outputs), { name: 'lecture' });
    return Session.load(graph, { threads: 1 }, 'the graph');
  }
}
