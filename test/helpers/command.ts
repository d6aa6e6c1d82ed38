import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Outcome } from './cli.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The built command, as it is installed; the sources by tsx where the build is older than they are. */
const COMMAND = isBuilt()
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
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const outcome = new Promise<Outcome>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      resolve({ status: code ?? 128 + constants.signals[signal!], out, err });
    });
  });
  return { child, outcome };
}
