import type { Expr } from '../../../src/graph/expr.ts';
import type { Random } from '../../../src/random.ts';

/** First values of weights: matrices uniform within sqrt(3 / rows), so that sums keep their size (LeCun 1998); biases 0. */
export function initialWeights(
  parameters: Readonly<Record<string, Expr>>,
  random: Random,
): Map<string, Float32Array> {
  return new Map(
    Object.entries(parameters).map(([name, { shape }]) => {
      const [rows, columns] = shape.map(Number);
      if (columns === undefined) return [name, new Float32Array(rows!)];
      const bound = Math.sqrt(3 / rows!);
      return [name, Float32Array.from({ length: rows! * columns }, () => (2 * random.next() - 1) * bound)];
    }),
  );
}
