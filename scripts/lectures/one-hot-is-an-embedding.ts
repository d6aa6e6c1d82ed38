/**
 * One-hot vectors times a matrix are rows of that matrix (the lectures' word vectors: W x with a one-hot x). Learning
 * an embedding is therefore learning the first matrix of a net, and nobody needs to multiply by all those zeros: a
 * gather reads the rows, and its gradient adds rows up where they came from.
 *
 *     one-hot      e = X W, row x_n of X [N,V] with a 1 for word n    dW = X^T de
 *     embedding    e_n = row of W [V,E] for word n                    row of dW = sum of de_n where the word is n's
 *
 * Both compute the same loss, the mean over N words of |e_n - y_n|^2 / 2 with some vectors y, and its gradient by W.
 *
 *     npx tsx scripts/lectures/one-hot-is-an-embedding.ts [options]
 *
 *     --vocabulary N       V (10000)
 *     --embedding-size N   E (512)
 *     --words N            N (1000)
 *     --seed N             (1)
 *
 * In 3 seconds: the same to the bit; the vectors in 41 ms as a product and in 0.3 ms as a gather, loss and gradient in
 * 120 ms and 10 ms. (What is left of the latter is the gradient itself: mostly zeros, and as large as W.)
 */
import { UserError } from '../../src/errors.ts';
import { gradients } from '../../src/graph/backward.ts';
import type { Expr } from '../../src/graph/expr.ts';
import { gather, input, matmul, mul, parameter, sub, sum } from '../../src/graph/ops.ts';
import { emitOnnx } from '../../src/onnx/emit.ts';
import { Session, type Tensor } from '../../src/onnx/session.ts';
import { Random } from '../../src/random.ts';
import { commandLine, whole } from './parts/command-line.ts';
import { fastest } from './parts/fastest.ts';
import { main } from './parts/main.ts';

type Sizes = Readonly<Record<'vocabulary' | 'embeddingSize' | 'words' | 'seed', number>>;

/** One way to get from words to vectors. */
interface Way {
  readonly loss: number;
  /** By the matrix [V,E]. */
  readonly gradient: Float32Array;
  /** Milliseconds of the vectors alone, and of the loss with its gradient. */
  readonly vectorsMs: number;
  readonly bothMs: number;
}

/** Embeds the same random words, which repeat themselves, in both ways. */
export async function compare({ vocabulary: V, embeddingSize: E, words: N, seed }: Sizes) {
  if (Math.max(V * N, V * E, N * E) > 2 ** 28)
    throw new UserError('expected matrices of at most 1 GiB but these are larger');
  const random = new Random(seed);
  const normals = (length: number) => Float32Array.from({ length }, () => random.normal());
  // The matrix is part of the graphs, so that nobody's time goes into handing it over.
  const weights = new Map([['W', normals(V * E)]]);
  const y = { dims: [N, E], data: normals(N * E) };
  const ids = Int32Array.from({ length: N }, () => random.int(V));
  const oneHot = new Float32Array(N * V);
  for (const [n, id] of ids.entries()) oneHot[n * V + id] = 1;

  const W = parameter('W', [V, E]);
  const load = (graph: Readonly<Record<string, Expr>>) =>
    Session.load(emitOnnx(graph, { name: 'words', weights }), { threads: 1 }, 'the graph');
  const measure = async (e: Expr, words: Readonly<Record<string, Tensor>>): Promise<Way> => {
    const error = sub(e, input('y', [N, E]));
    const loss = mul(sum(mul(error, error)), 0.5 / N);
    const [gradient] = gradients(loss, [W]);
    const forward = await load({ e });
    const both = await load({ loss, gradient });
    const vectorsMs = await fastest(() => forward.run(words));
    const bothMs = await fastest(() => both.run({ ...words, y }));
    const results = await both.run({ ...words, y });
    await Promise.all([forward.release(), both.release()]);
    return { loss: results.loss.data[0], gradient: results.gradient.data, vectorsMs, bothMs };
  };
  const [product, rows] = [matmul(input('oneHot', [N, V]), W), gather(W, input('ids', [N], 'int32'))];
  return {
    oneHot: await measure(product, { oneHot: { dims: [N, V], data: oneHot } }),
    embedding: await measure(rows, { ids: { dims: [N], data: ids } }),
  };
}

/** The largest difference between two arrays, as a share of the largest value. */
export function difference(a: Float32Array, b: Float32Array): number {
  const most = (values: Float32Array) => values.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
  return most(a.map((x, i) => x - b[i])) / most(a);
}

await main(import.meta.filename, async () => {
  const sizes = { vocabulary: whole(10_000), embeddingSize: whole(512), words: whole(1000) };
  const { values } = commandLine<Sizes>({ ...sizes, seed: whole(1, 0) });
  const { oneHot, embedding } = await compare(values);
  console.log(`V = ${values.vocabulary}, E = ${values.embeddingSize}, N = ${values.words}`);
  console.log(`loss: one-hot ${oneHot.loss}, embedding ${embedding.loss}`);
  const share = difference(oneHot.gradient, embedding.gradient);
  console.log(`gradient: largest difference ${share} of the largest value`);
  for (const [what, key] of [
    ['vectors', 'vectorsMs'],
    ['loss and gradient', 'bothMs'],
  ] as const) {
    const [slow, fast] = [oneHot[key], embedding[key]];
    const times = `one-hot ${slow.toFixed(1)} ms, embedding ${fast.toFixed(2)} ms`;
    console.log(`${what}: ${times}, ratio ${(slow / fast).toFixed(0)}`);
  }
});
