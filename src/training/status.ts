import { join } from 'node:path';
import { writeFileAtomic } from '../files/atomic.ts';
import type { LiveProgress } from './loop.ts';
import type { RunRecord } from './run-record.ts';

const STATUS = 'status.json';

/** `failed` is any error that has nothing to do with what is learnt. */
export type RunState = RunRecord['state'] | 'failed';

/** How a run stands, for other programs: `status.json` of its folder. */
interface Status extends Partial<LiveProgress> {
  readonly state: RunState;
  /** Of the process that trains; where there is none of this number, it has been killed. */
  readonly pid: number;
  /** When this was written, ISO 8601. */
  readonly updated: string;
}

/** Writes the status, whole or not at all. */
export async function writeStatus(
  out: string,
  state: RunState,
  progress: LiveProgress | undefined,
): Promise<void> {
  const status: Status = { state, pid: process.pid, updated: new Date().toISOString(), ...progress };
  await writeFileAtomic(join(out, STATUS), `${JSON.stringify(status, null, 1)}\n`);
}
