import { setMaxListeners } from 'node:events';

/**
 * Works on the items, a few at a time. The first error stops it; it is thrown when nothing is under way any more.
 *
 * @param work gets a signal that is aborted when `signal` is, or another item has failed
 */
export async function concurrently<Item>(
  items: readonly Item[],
  atOnce: number,
  signal: AbortSignal,
  work: (item: Item, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const failure = new AbortController();
  const either = AbortSignal.any([signal, failure.signal]);
  setMaxListeners(0, either);
  // All lanes take from it.
  const queue = items.values();
  const lane = async () => {
    try {
      for (const item of queue) {
        either.throwIfAborted();
        await work(item, either);
      }
    } catch (error) {
      failure.abort(error);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  failure.signal.throwIfAborted();
}
