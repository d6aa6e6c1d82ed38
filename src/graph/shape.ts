import { InternalError } from '../errors.ts';

/**
 * One dimension: a number, or a name for a size known only when the graph runs. One alphabet:
 * B batch, T steps, N words of a batch (all steps together), E embedding, H hidden, F feature, V vocabulary.
 */
export type Dim = number | string;
export type Shape = readonly Dim[];

export function formatShape(shape: Shape): string {
  return `[${shape.join(',')}]`;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}

/** NumPy broadcasting: align at the right, a dimension of 1 stretches. Names only match themselves. */
export function broadcastShapes(a: Shape, b: Shape, where: string): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const da = a[i - rank + a.length] ?? 1;
    const db = b[i - rank + b.length] ?? 1;
    if (da === db || db === 1) return da;
    if (da === 1) return db;
    throw shapeError(`${where}: shapes ${formatShape(a)} and ${formatShape(b)} do not broadcast`);
  });
}

/** Axes of `to` along which a tensor of shape `from` was stretched by broadcasting. */
export function stretchedAxes(from: Shape, to: Shape): number[] {
  const offset = to.length - from.length;
  return to.flatMap((dim, axis) => (axis < offset || (from[axis - offset] === 1 && dim !== 1) ? [axis] : []));
}

/** The sum of dimensions: a number if all are, else their names joined by `+`. */
export function sumDims(dims: readonly Dim[]): Dim {
  const numbers = dims.filter((dim) => typeof dim === 'number');
  return numbers.length === dims.length ? numbers.reduce((a, b) => a + b, 0) : dims.join('+');
}

/** A wrong shape is a mistake of the model's author, thrown on the line that made the node. */
export function shapeError(message: string): InternalError {
  return new InternalError(message);
}
