import type { Expr } from './expr.ts';
import { type Dim, formatShape, shapeError } from './shape.ts';

/** What the operations of ops.ts expect of their inputs; `where` is the operation, for the message. */

/** The place of an axis of x; negative ones count from the end. */
export function axisOf(where: string, x: Expr, axis: number): number {
  const at = axis < 0 ? axis + x.shape.length : axis;
  if (at < 0 || at >= x.shape.length)
    throw shapeError(`${where}: ${formatShape(x.shape)} has no axis ${axis}`);
  return at;
}

function expectRank(where: string, x: Expr, rank: number): void {
  if (x.shape.length !== rank) {
    throw shapeError(`${where}: expected ${rank} dimension(s) but got ${formatShape(x.shape)}`);
  }
}

export function expectRows(where: string, x: Expr): void {
  if (x.shape.length === 0) throw shapeError(`${where}: expected rows but got a scalar`);
}

/** Word ids or the like: int32 [N]. */
export function expectIds(where: string, ids: Expr): void {
  expectRank(where, ids, 1);
  if (ids.dtype !== 'int32') throw shapeError(`${where}: expected ids int32 but got ${ids.dtype}`);
}

/** A distribution [N,V] with one target [N] a row. */
export function expectTargets(where: string, name: string, distribution: Expr, targets: Expr): void {
  expectRank(where, distribution, 2);
  expectIds(where, targets);
  if (distribution.shape[0] !== targets.shape[0]) {
    throw shapeError(
      `${where}: ${name} ${formatShape(distribution.shape)} but targets ${formatShape(targets.shape)}`,
    );
  }
}

/** How many rows `like` has; where that number and x's own are known they must fit. */
export function rowsLike(
  where: string,
  x: Expr,
  like: Expr,
  fit: (own: number, count: number) => boolean,
): Dim {
  expectRows(where, x);
  expectRows(where, like);
  const [own, count] = [x.shape[0], like.shape[0]];
  if (typeof own === 'number' && typeof count === 'number' && !fit(own, count)) {
    throw shapeError(`${where}: ${formatShape(x.shape)} can't get ${count} row(s)`);
  }
  return count;
}
