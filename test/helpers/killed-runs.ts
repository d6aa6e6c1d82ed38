import { setTimeout } from 'node:timers/promises';
import type { Random } from '../../src/random.ts';
import type { Outcome } from './cli.ts';
import { start } from './command.ts';
import { onChanges, type WrittenFiles } from './written-files.ts';

/** When a run is killed: so many milliseconds behind the n-th change in its folder, or (n is 0) behind its start. */
export interface Moment {
  readonly changes: number;
  readonly delay: number;
}

/** From the start of the process to the end of a run: a quarter while it starts, the others while it writes. */
export function randomMoment(random: Random): Moment {
  if (random.int(4) === 0) return { changes: 0, delay: random.int(1000) };
  // Without delay the process is likely to be in the middle of what the change is a part of.
  return { changes: 1 + random.int(12), delay: random.int(2) * random.int(21) };
}

/** Runs `caption` in a folder and kills it at the moment, if it hasn't come to its end before. */
export async function killedRun(args: readonly string[], folder: string, moment: Moment): Promise<Outcome> {
  const { child, outcome } = start(args, { cwd: folder });
  const kill = () => void child.kill('SIGKILL');
  let left = moment.changes;
  const killLater = () => void setTimeout(moment.delay, undefined, { ref: false }).then(kill);
  const stop = onChanges(folder, () => {
    left--;
    if (left !== 0) return;
    if (moment.delay === 0) kill();
    else killLater();
  });
  if (moment.changes === 0) killLater();
  try {
    return await outcome;
  } finally {
    stop();
  }
}

/** What a run that was killed may leave behind, for the next to take again. */
const TEMPORARY = /(^|\/)\.[0-9a-f]{16}\.tmp$/;

/** A document that is written a record after another, with its tail behind the last. */
export interface Growing {
  readonly name: string;
  readonly tail: string;
}

/**
 * What is wrong with the files that a killed run has left. A sidecar is as it was before or as it is in the end,
 * and so is a document that is replaced; one that grows holds some records of the end, and its tail behind them
 * unless the kill has torn its last line.
 */
export function flawsOf(
  files: WrittenFiles,
  before: WrittenFiles,
  end: WrittenFiles,
  grows?: Growing,
): string[] {
  const flaws = [...before.keys()].filter((name) => !files.has(name)).map((name) => `${name} is gone`);
  for (const [name, contents] of files) {
    const whole = end.get(name);
    if (TEMPORARY.test(name) || contents === whole || contents === before.get(name)) continue;
    const text = contents.slice(-200);
    if (whole === undefined || name !== grows?.name) flaws.push(`${name} is half-written: ...${text}`);
    else if (!isBeginning(contents, whole, grows.tail)) flaws.push(`${name} is broken: ...${text}`);
  }
  return flaws;
}

function isBeginning(contents: string, whole: string, tail: string): boolean {
  const records = contents.endsWith(tail) ? contents.slice(0, contents.length - tail.length) : contents;
  return whole.startsWith(records);
}
