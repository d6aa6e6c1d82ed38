import { describe, expect, test } from 'vitest';
import { followCommands } from '../../scripts/lectures/echo-state.ts';
import { multiply, ridgeRegression, spectralRadius } from '../../scripts/lectures/parts/linear-algebra.ts';

const matrix = (rows: number[][]) => rows.map((row) => Float64Array.from(row));

describe('echo-state', () => {
  test('makes waves of the frequencies that it is asked for, and forgets where it started', async () => {
    const { waves, error, apart } = await followCommands(100, 0.3, 1);
    for (const { wanted, made } of waves) expect(Math.abs(made / wanted - 1)).toBeLessThan(0.02);
    expect(error).toBeLessThan(0.1);
    expect(apart).toBeLessThan(1e-9);
  });

  test('makes worse waves where the spectral radius is 0.05, as it remembers little', async () => {
    const { error, apart } = await followCommands(100, 0.05, 1);
    expect(error).toBeGreaterThan(0.2);
    expect(apart).toBeLessThan(1e-9);
  });

  test('is lost to chaos where the spectral radius is 2', async () => {
    const { error, apart } = await followCommands(100, 2, 1);
    expect(error).toBeGreaterThan(0.4);
    expect(apart).toBeGreaterThan(0.01);
  });

  test('the spectral radius is the size of an eigenvalue, also of a complex one', () => {
    expect(
      spectralRadius(
        matrix([
          [3, 1],
          [0, 0.5],
        ]),
      ),
    ).toBeCloseTo(3, 9);
    expect(
      spectralRadius(
        matrix([
          [1, -2],
          [2, 1],
        ]),
      ),
    ).toBeCloseTo(Math.sqrt(5), 9);
  });

  test('ridge regression solves the normal equations', async () => {
    const zs = matrix([
      [1, 1],
      [2, -1],
      [3, 1],
      [4, 0],
    ]);
    const y = Float64Array.of(1, 0, 2, 5);
    const w = await ridgeRegression(zs, y, 0.5);
    // Z Z^T + 0.5 I and Z y, by hand.
    const normal = multiply(
      matrix([
        [30.5, 2],
        [2, 3.5],
      ]),
      w,
    );
    expect(normal[0]).toBeCloseTo(27, 6);
    expect(normal[1]).toBeCloseTo(3, 6);
  });
});
