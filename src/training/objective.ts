import type { Random } from '../random.ts';
import type { Batch } from './batches.ts';
import type { Stage } from './run-record.ts';

/** What a training learns from in an epoch: how it is cut into batches, and how each becomes one for the graph. */
export interface Objective {
  readonly stage: Stage;
  /** The batches of one epoch: numbers of captions, or of images where captions are drawn for them. */
  batches(random: Random): number[][];
  /**
   * @param progress the share of all epochs that is done, 0 to 1
   * @returns also the mean reward of the captions drawn, null where none are
   */
  assemble(
    batch: readonly number[],
    random: Random,
    progress: number,
  ): Promise<{ readonly batch: Batch; readonly reward: number | null }>;
}
