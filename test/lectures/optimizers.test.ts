import { describe, expect, test } from 'vitest';
import { compareOptimizers, stepsTo } from '../../scripts/lectures/optimizers.ts';
import { GaussNewton } from '../../scripts/lectures/parts/hessian-free.ts';
import { input, matmul, parameter, tanh } from '../../src/graph/ops.ts';
import { Random } from '../../src/random.ts';
import { evaluate } from '../helpers/interpreter.ts';

describe('optimizers', () => {
  test('Adam and momentum are ahead of SGD, and Hessian-free needs the fewest steps by far', async () => {
    const curves = await compareOptimizers(150, 1);
    const names = curves.map(({ name }) => name.replace(/, rate .*/, ''));
    expect(names).toEqual(['SGD', 'Momentum', 'Adagrad', 'RMSProp', 'Adam', 'Hessian-free']);
    const [sgd, momentum, adagrad, rmsprop, adam, hessianFree] = curves.map((curve) => stepsTo(0.01, curve));
    expect(hessianFree).toBeLessThan(Math.min(sgd, momentum, adagrad, rmsprop, adam) / 2);
    expect(momentum).toBeLessThan(sgd);
    expect(adam).toBeLessThan(sgd);
    for (const { losses } of curves) expect(losses[0]).toBeCloseTo(curves[0].losses[0], 6);
  });

  test('Gauss-Newton products are those of J^T L J with J by finite differences', async () => {
    const [N, V] = [4, 3];
    const shapes = { A: [2, 5], C: [5, V] };
    const [A, C] = [parameter('A', shapes.A), parameter('C', shapes.C)];
    const logits = matmul(tanh(matmul(input('x', [N, 2]), A)), C);
    const random = new Random(7);
    const normals = (n: number) => Float32Array.from({ length: n }, () => random.normal());
    const weights = new Map([
      ['A', normals(10)],
      ['C', normals(15)],
    ]);
    const v = new Map([
      ['A', normals(10)],
      ['C', normals(15)],
    ]);
    const x = { dims: [N, 2], data: normals(N * 2) };
    const matrix = new GaussNewton(logits, { A, C });
    const product = await matrix.times(v, weights, { x });
    await matrix.release();

    type Direction = ReadonlyMap<string, ArrayLike<number>>;
    const moved = (name: string, by: Direction, far: number) =>
      Float64Array.from(weights.get(name)!, (w, i) => w + far * by.get(name)![i]);
    /** Logits with the weights moved along a direction. */
    const z = (by: Direction, far: number) =>
      evaluate(
        { logits },
        {
          x,
          A: { dims: shapes.A, data: moved('A', by, far) },
          C: { dims: shapes.C, data: moved('C', by, far) },
        },
      ).logits.data;
    const slope = (by: Direction) => {
      const [after, before] = [z(by, 1e-3), z(by, -1e-3)];
      return after.map((value, i) => (value - before[i]) / 2e-3);
    };
    const Jv = slope(v);
    const rows = Array.from({ length: N }, (_, n) => n * V);
    const logit = z(v, 0);
    const LJv = rows.flatMap((from) => {
      const e = [...logit.subarray(from, from + V)].map(Math.exp);
      const p = e.map((value) => value / e.reduce((a, b) => a + b));
      const mean = p.reduce((total, value, i) => total + value * Jv[from + i], 0);
      return p.map((value, i) => (value * (Jv[from + i] - mean)) / N);
    });
    for (const [name, { length }] of weights) {
      for (let i = 0; i < length; i++) {
        const unit = new Map([...weights].map(([other, w]) => [other, new Float64Array(w.length)]));
        unit.get(name)![i] = 1;
        const expected = slope(unit).reduce((total, value, k) => total + value * LJv[k], 0);
        expect(product.get(name)![i]).toBeCloseTo(expected, 4);
      }
    }
  });
});
