import type { Random } from '../../../src/random.ts';

/** A random orthogonal matrix by its rows [n,n]: normal numbers made orthonormal one after the other (Gram and Schmidt). */
export function orthogonal(random: Random, n: number): number[][] {
  const rows: number[][] = [];
  for (let i = 0; i < n; i++) {
    let v = Array.from({ length: n }, () => random.normal());
    for (const u of rows) {
      const along = u.reduce((sum, x, j) => sum + x * v[j], 0);
      v = v.map((x, j) => x - along * u[j]);
    }
    const length = Math.hypot(...v);
    rows.push(v.map((x) => x / length));
  }
  return rows;
}
