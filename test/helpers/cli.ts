import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';
import { run } from '../../src/cli/run.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The built command, as it is installed; the sources by tsx where the build is older than they are. */
export const COMMAND = isBuilt()
  ? [join(ROOT, 'dist/cli/main.js')]
  : [
      ...['tsx', './typescript-workers.mjs'].flatMap((module) => ['--import', import.meta.resolve(module)]),
      join(ROOT, 'src/cli/main.ts'),
    ];

function isBuilt(): boolean {
  const built = statSync(join(ROOT, 'dist/cli/main.js'), { throwIfNoEntry: false });
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
  return (
    built !== undefined && sources.every((name) => statSync(join(ROOT, 'src', name)).mtimeMs < built.mtimeMs)
  );
}

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
  const child = spawn(process.execPath, [...COMMAND, ...args], {
    cwd: call.cwd,
    env: { ...process.env, ...call.env },
  });
  // A call that fails early closes its input before we have written it.
  child.stdin.on('error', () => {});
  child.stdin.end(call.input ?? '');
  return outcomeOf(child, { onOut: call.onText, onErr: call.onText });
}

type OnText = (text: string, child: ChildProcess) => void;

/** What a process writes and how it ends; the callbacks get all of the text so far, whenever there is more. */
export function outcomeOf(
  child: ChildProcess & { readonly stdout: Readable; readonly stderr: Readable },
  { onOut, onErr }: { readonly onOut?: OnText | undefined; readonly onErr?: OnText | undefined } = {},
): Promise<Outcome> {
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    onOut?.(out, child);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
    onErr?.(err, child);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    // Those who share its outputs end with it: `close` waits for them, `exit` would not.
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

/**
 * Runs `caption` within this process, which spares half a second of starting one. Not for standard input
 * or signals, and one at a time: exit status, outputs and current folder are those of the process.
 */
export async function captionWithin(
  args: readonly string[],
  { cwd = process.cwd() }: { cwd?: string } = {},
): Promise<Outcome> {
  const before = process.cwd();
  process.chdir(cwd);
  process.exitCode = undefined;
  try {
    const { out, err } = await outputOf(() => run(args));
    return { status: Number(process.exitCode ?? 0), out, err };
  } finally {
    process.exitCode = undefined;
    process.chdir(before);
  }
}

/** What `work` writes to standard output and error; `onError` sees all of the latter so far, whenever there is more. */
export async function outputOf(
  work: () => Promise<void>,
  onError?: (text: string) => void,
): Promise<{ readonly out: string; readonly err: string }> {
  let out = '';
  let err = '';
  const stdout = vi
    .spyOn(process.stdout, 'write')
    .mockImplementation((chunk, encoding?: unknown, done?: () => void) => {
      out += chunk;
      const written = typeof encoding === 'function' ? encoding : done;
      written?.();
      return true;
    });
  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    err += chunk;
    onError?.(err);
    return true;
  });
  try {
    await work();
    return { out, err };
  } finally {
    stdout.mockRestore();
    stderr.mockRestore();
  }
}
