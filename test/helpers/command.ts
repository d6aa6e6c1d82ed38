import { type ChildProcess, spawn } from 'node:child_process';
import { COMMAND, type Outcome, outcomeOf } from './cli.ts';

interface Circumstances {
  readonly cwd: string;
  /** What a shell is told, `"$@"` being the command: `ulimit -f 1; exec "$@"`. */
  readonly shell?: string;
}

/** A process of `caption` that was started, for tests that interfere with it. */
export interface Running {
  readonly child: ChildProcess;
  readonly outcome: Promise<Outcome>;
}

/** Starts `caption` with these arguments, without standard input. */
export function start(args: readonly string[], { cwd, shell = 'exec "$@"' }: Circumstances): Running {
  // `exec` keeps the process, so that signals reach the command.
  const child = spawn('sh', ['-c', shell, 'sh', process.execPath, ...COMMAND, ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return { child, outcome: outcomeOf(child) };
}
