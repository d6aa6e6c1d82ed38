import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Interrupt } from '../../src/cli/interrupt.ts';
import { UserError } from '../../src/errors.ts';

/** The built command: its worker threads could not read TypeScript. */
const COMMAND = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const GUARD = new URL('end-with-parent.mjs', import.meta.url).href;

/** The command has ended with an error, and told why on standard error. */
export class CommandFailed extends Error {
  readonly status: number;

  constructor(command: string, status: number) {
    super(`caption ${command} ended with status ${status}`);
    this.status = status;
  }
}

/** What came of a command that did its work. */
export interface Done {
  readonly out: string;
  /** Whether it left out images that could not be read: exit status 1. */
  readonly someFailed: boolean;
}

/**
 * Runs `caption` in a process of its own, which tells on our standard error. Ctrl-C is passed on, and it is waited
 * for; whoever calls asks the interrupt.
 *
 * @throws {CommandFailed} when it fails
 */
export async function caption(args: readonly string[], interrupt: Interrupt): Promise<Done> {
  if (!existsSync(COMMAND)) {
    throw new UserError(`expected the built command at ${COMMAND} but there is none`, {
      hint: 'npm run build makes it',
    });
  }
  interrupt.throwIfAny();
  const child = spawn(process.execPath, ['--import', GUARD, COMMAND, ...args], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    // A terminal sends Ctrl-C to all processes of its group, and the second one would end it at once.
    detached: true,
  });
  const stop = () => child.kill('SIGINT');
  interrupt.signal.addEventListener('abort', stop);
  try {
    let out = '';
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    const [status, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (...ending) => resolve(ending));
    });
    interrupt.throwIfAny();
    if (signal !== null) {
      throw new UserError(`expected caption ${args[0]} to do its work but it was ended by ${signal}`, {
        hint: 'the same command goes on from there; where the memory was not enough, a smaller --batch-size may be',
      });
    }
    if (status !== 0 && status !== 1) throw new CommandFailed(args[0]!, status!);
    return { out, someFailed: status === 1 };
  } finally {
    interrupt.signal.removeEventListener('abort', stop);
  }
}
