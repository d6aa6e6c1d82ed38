import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

/** The sources, so that a stale build is never what is tested. */
const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
/** By its place, so that it is found from any working directory. */
const TSX = import.meta.resolve('tsx');

export interface Outcome {
  /** Exit status as a shell sees it: 128 + the signal's number where one ended the process. */
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

export interface Call {
  readonly input?: Uint8Array | string;
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  /** Called with all of standard error or output so far, whenever there is more. */
  readonly onText?: (text: string, child: ChildProcess) => void;
}

/** Runs `caption` with these arguments in a process of its own. */
export function caption(args: readonly string[], call: Call = {}): Promise<Outcome> {
  const child = spawn(process.execPath, ['--import', TSX, MAIN, ...args], {
    cwd: call.cwd,
    env: { ...process.env, ...call.env },
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    call.onText?.(out, child);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
    call.onText?.(err, child);
  });
  // A call that fails early closes its input before we have written it.
  child.stdin.on('error', () => {});
  child.stdin.end(call.input ?? '');
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      resolve({ status: code ?? 128 + constants.signals[signal!], out, err });
    });
  });
}

/** Sends a signal once the text has appeared. */
export function signalAt(text: string, signal: NodeJS.Signals): Call['onText'] {
  let sent = false;
  return (soFar, child) => {
    if (sent || !soFar.includes(text)) return;
    sent = true;
    child.kill(signal);
  };
}
