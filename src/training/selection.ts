import type { Selection } from './options.ts';

/** What an epoch is judged by. */
export interface Scored {
  readonly validationLoss: number;
  readonly validationCider: number;
}

/** Whether an epoch is better than the best so far; of equals the earlier one is. */
export function isBetter(epoch: Scored, best: Scored | null, select: Selection): boolean {
  if (best === null) return true;
  return select === 'cider'
    ? epoch.validationCider > best.validationCider
    : epoch.validationLoss < best.validationLoss;
}
