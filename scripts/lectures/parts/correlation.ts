/** One unit of a layer, and the straight line through what it says: known is about slope * value + intercept. */
export interface Unit {
  readonly index: number;
  /** Pearson's, from -1 to 1; 0 where the unit never changes. */
  readonly correlation: number;
  readonly slope: number;
  readonly intercept: number;
}

/** The unit of states [rows, H] that goes most with what is `known` of some of the `rows`, up or down. */
export function closestUnit(
  states: Float32Array,
  H: number,
  rows: readonly number[],
  known: readonly number[],
): Unit {
  const units = Array.from({ length: H }, (_, index) => {
    const values = rows.map((row) => states[row * H + index]);
    return { index, ...fitted(values, known) };
  });
  return units.reduce((a, b) => (Math.abs(b.correlation) > Math.abs(a.correlation) ? b : a));
}

/** Least squares of ys by xs. */
function fitted(xs: readonly number[], ys: readonly number[]): Omit<Unit, 'index'> {
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const [mx, my] = [mean(xs), mean(ys)];
  let [xx, xy, yy] = [0, 0, 0];
  for (let i = 0; i < xs.length; i++) {
    xx += (xs[i] - mx) ** 2;
    xy += (xs[i] - mx) * (ys[i] - my);
    yy += (ys[i] - my) ** 2;
  }
  if (xx === 0 || yy === 0) return { correlation: 0, slope: 0, intercept: my };
  return { correlation: xy / Math.sqrt(xx * yy), slope: xy / xx, intercept: my - (xy / xx) * mx };
}
