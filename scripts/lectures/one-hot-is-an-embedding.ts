/**
 * One-hot vectors times a matrix are rows of that matrix (the lectures' word vectors: W x with a one-hot x). Learning an
 * embedding is therefore learning the first matrix of a net, and nobody needs to multiply by all those zeros: a gather
 * reads the rows, and its gradient adds rows up where they came from.
 *
 *     npx tsx scripts/lectures/one-hot-is-an-embedding.ts [--vocabulary 10000] [--embedding-size 512] [--words 1000] [--seed 1]
 *
 * Both ways compute the same loss, the mean over words of |x - y|^2 / 2 with x the word's embedding and y some vector,
 * and its gradient by the matrix. Here not a bit of either differed; on one core of a busy machine the vectors took 130 ms
 * as a product and 0.4 ms as a gather, loss and gradient 490 ms and 46 ms. (What is left of the latter is the gradient
 * itself: mostly zeros, and as large as the matrix.) It ran for 3 seconds of processor time.
 */
import { UserError } from '../../src/errors.ts';
import { gradients } from '../../src/graph/backward.ts';
import type { Expr } from '../../src/graph/expr.ts';
import { gather, input, matmul, mul, parameter, sub, sum } from '../../src/graph/ops.ts';
import { emitOnnx } from '../../src/onnx/emit.ts';
import { Session, type Tensor } from '../../src/onnx/session.ts';
import { Random } from '../../src/random.ts';
import { commandLine, whole } from './parts/command-line.ts';
import { main } from './parts/main.ts';

export interface Sizes {
  /** V: rows of the matrix. */
  readonly vocabulary: number;
  /** E: its columns. */
  readonly embeddingSize: number;
  /** N: words of a batch. */
  readonly words: number;
  readonly seed: number;
}

/** One way to get from words to vectors. */
export interface Way {
  readonly loss: number;
  /** By the matrix [V,E]. */
  readonly gradient: Float32Array;
  /** Milliseconds of the vectors alone, and of the loss with its gradient. */
  readonly vectorsMs: number;
  readonly bothMs: number;
}

/** Embeds the same random words, which repeat themselves, in both ways. */
export async function compare({ vocabulary: V, embeddingSize: E, words: N, seed }: Sizes): Promise<{
  readonly oneHot: Way;
  readonly embedding: Way;
}> {
  if (V * Math.max(N, E) > 2 ** 28)
    throw new UserError('expected matrices of at most 1 GiB but these are larger');
  const random = new Random(seed);
  const normals = (length: number) => Float32Array.from({ length }, () => random.normal());
  const table = normals(V * E);
  const y = { dims: [N, E], data: normals(N * E) };
  const ids = Int32Array.from({ length: N }, () => random.int(V));
  const oneHot = new Float32Array(N * V);
  for (const [n, id] of ids.entries()) oneHot[n * V + id] = 1;

  const W = parameter('W', [V, E]);
  const measure = async (rows: Expr, words: Tensor): Promise<Way> => {
    const error = sub(rows, input('y', [N, E]));
    const loss = mul(sum(mul(error, error)), 0.5 / N);
    const [gradient] = gradients(loss, [W]);
    // The matrix is part of the graph, so that nobody's time goes into handing it over.
    const weights = new Map([['W', table]]);
    const load = (graph: Readonly<Record<string, Expr>>) =>
      Session.load(emitOnnx(graph, { name: 'words', weights }), { threads: 1 }, 'the graph');
    const forward = await load({ rows });
    const both = await load({ loss, gradient: gradient! });
    const vectorsMs = await fastest(() => forward.run({ words }));
    const bothMs = await fastest(() => both.run({ words, y }));
    const results = await both.run({ words, y });
    await Promise.all([forward.release(), both.release()]);
    return {
      loss: results.loss!.data[0]!,
      gradient: results.gradient!.data,
      vectorsMs,
      bothMs,
    };
  };
  return {
    oneHot: await measure(matmul(input('words', [N, V]), W), { dims: [N, V], data: oneHot }),
    embedding: await measure(gather(W, input('words', [N], 'int32')), { dims: [N], data: ids }),
  };
}

const ROUNDS = 5;

/** Milliseconds of the fastest of some rounds behind a first one that doesn't count. */
async function fastest(work: () => Promise<unknown>): Promise<number> {
  await work();
  let least = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const begin = performance.now();
    await work();
    least = Math.min(least, performance.now() - begin);
  }
  return least;
}

/** The largest difference between two arrays, as a share of the largest value. */
export function difference(a: Float32Array, b: Float32Array): number {
  let [most, largest] = [0, 0];
  for (const [i, value] of a.entries()) {
    most = Math.max(most, Math.abs(value - b[i]!));
    largest = Math.max(largest, Math.abs(value));
  }
  return most / largest;
}

if (import.meta.filename === process.argv[1]) {
  await main(async () => {
    const { values } = commandLine<Sizes>({
      vocabulary: whole(10_000),
      embeddingSize: whole(512),
      words: whole(1000),
      seed: whole(1, 0),
    });
    const { oneHot, embedding } = await compare(values);
    console.log(`V = ${values.vocabulary}, E = ${values.embeddingSize}, N = ${values.words}`);
    console.log(`loss: one-hot ${oneHot.loss}, embedding ${embedding.loss}`);
    console.log(
      `gradient: largest difference ${difference(oneHot.gradient, embedding.gradient)} of the largest value`,
    );
    const times = (what: string, slow: number, fast: number) =>
      console.log(
        `${what}: one-hot ${slow.toFixed(1)} ms, embedding ${fast.toFixed(2)} ms, ratio ${(slow / fast).toFixed(0)}`,
      );
    times('vectors', oneHot.vectorsMs, embedding.vectorsMs);
    times('loss and gradient', oneHot.bothMs, embedding.bothMs);
  });
}
