/** The two ends of a ranking. */
interface Extremes<Item> {
  /** Lowest score first. */
  readonly worst: readonly Item[];
  /** Highest score first. */
  readonly best: readonly Item[];
}

/**
 * The `count` items of the lowest scores and the `count` of the highest, equal scores in the order they were given.
 * No item is in both: of fewer than twice `count` the worst are the lower half, with the one in the middle.
 */
export function extremes<Item>(
  items: readonly Item[],
  scoreOf: (item: Item) => number,
  count: number,
): Extremes<Item> {
  const byScore = (sign: 1 | -1) => (a: Item, b: Item) => sign * (scoreOf(a) - scoreOf(b));
  const worst = items.toSorted(byScore(1)).slice(0, Math.min(count, Math.ceil(items.length / 2)));
  const shown = new Set(worst);
  const best = items.filter((item) => !shown.has(item)).toSorted(byScore(-1));
  return { worst, best: best.slice(0, count) };
}
