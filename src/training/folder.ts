import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, UserError } from '../errors.ts';
import { MANIFEST } from '../library/model-folder.ts';
import { RUN_FILE } from './run-record.ts';

/** What to do about a model or a checkpoint that the output folder holds already. */
export type Existing = 'refuse' | 'resume' | 'overwrite';

const CHECKPOINT = 'checkpoint.safetensors';

/** Where a run in this folder keeps its state. */
export function checkpointOf(out: string): string {
  return join(out, CHECKPOINT);
}

/** Whether a run in this folder has a checkpoint to go on from. */
export function hasCheckpoint(out: string): boolean {
  return existsSync(checkpointOf(out));
}

/**
 * Makes the folder that a model will be written to. One that holds a model or a checkpoint is a UserError,
 * unless the run goes on with it (`resume`) or will write over both (`overwrite`).
 */
export async function prepareFolder(out: string, existing: Existing): Promise<void> {
  const checkpoint = hasCheckpoint(out);
  const model = existsSync(join(out, MANIFEST));
  if (existing === 'refuse' && (checkpoint || model)) {
    throw new UserError(
      `expected ${out} to hold no model yet but got ${checkpoint ? 'the checkpoint of a run' : 'a model'}`,
      { hint: '--resume goes on with that run, --overwrite starts again, or name another folder' },
    );
  }
  if (existing === 'resume' && !checkpoint && model) {
    throw new UserError(`expected ${checkpointOf(out)} to resume from but there is only a model`, {
      hint: '--overwrite trains it again from the start',
    });
  }
  try {
    await mkdir(out, { recursive: true });
    // Nothing of an earlier run may be taken for this one's.
    if (existing === 'overwrite') {
      for (const file of [CHECKPOINT, RUN_FILE]) await rm(join(out, file), { force: true });
    }
  } catch (error) {
    throw new UserError(`cannot write to the folder ${out}: ${messageOf(error)}`, { cause: error });
  }
}
