export type Vector = Float64Array;

export function dot(a: Vector, b: Vector): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i] * b[i];
  return total;
}

export const norm = (a: Vector) => Math.sqrt(dot(a, a));

/** A square matrix, given by its rows, times a vector. */
export const multiply = (A: readonly Vector[], x: Vector): Vector => x.map((_, i) => dot(A[i], x));

/** a + scale b */
export const plus = (a: Vector, scale: number, b: Vector): Vector =>
  a.map((value, i) => value + scale * b[i]);

/** The size of a matrix's largest eigenvalue: how much a vector grows with each product, in the long run. */
export function spectralRadius(A: readonly Vector[]): number {
  let x: Vector = new Float64Array(A.length).fill(1);
  let growth = 0;
  for (let k = -100; k < 500; k++) {
    const next = multiply(A, x);
    const length = norm(next);
    if (k >= 0) growth += Math.log(length) / 500;
    x = next.map((value) => value / length);
  }
  return Math.exp(growth);
}

/**
 * Solves A x = b for a symmetric positive definite A that need not be written down: its products with vectors are
 * enough (Hestenes & Stiefel 1952). From x = 0 on, until b - A x is `tolerance` times as long as b, or for so many
 * products.
 */
export async function conjugateGradients(
  product: (v: Vector) => Vector | Promise<Vector>,
  b: Vector,
  { tolerance, products }: { readonly tolerance: number; readonly products: number },
): Promise<Vector> {
  let x: Vector = new Float64Array(b.length);
  let residual = b;
  let direction = b;
  let squares = dot(b, b);
  const enough = tolerance ** 2 * squares;
  for (let used = 0; used < products && squares > enough; used++) {
    const Ad = await product(direction);
    const step = squares / dot(direction, Ad);
    x = plus(x, step, direction);
    residual = plus(residual, -step, Ad);
    const next = dot(residual, residual);
    direction = plus(residual, next / squares, direction);
    squares = next;
  }
  return x;
}

/** The w of the least sum of (w z - y)^2 over vectors z, plus ridge w^2. */
export function ridgeRegression(zs: readonly Vector[], y: Vector, ridge: number): Promise<Vector> {
  const Z = Array.from(zs[0], (_, i) => Float64Array.from(zs, (z) => z[i]));
  // (Z Z^T + ridge I) w = Z y
  const ZZ = Z.map((a, i) => Float64Array.from(Z, (b, j) => dot(a, b) + (i === j ? ridge : 0)));
  const Zy = Float64Array.from(Z, (a) => dot(a, y));
  return conjugateGradients((v) => multiply(ZZ, v), Zy, { tolerance: 1e-9, products: 1000 });
}
