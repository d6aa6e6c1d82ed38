import { type Command, CommanderError } from 'commander';
import { Interrupt, Interrupted } from '../../src/cli/interrupt.ts';
import { clearProgress, complain, say } from '../../src/cli/terminal.ts';
import { messageOf, UserError } from '../../src/errors.ts';
import { CommandFailed } from './caption-command.ts';

/**
 * Runs a script by its command line, with the exit statuses of `caption`: 0 all done, 1 done without some images,
 * 2 wrong call, 70 a bug, 130 interrupted.
 *
 * @param work gives whether all images were there
 */
export async function runScript<Flags>(
  command: Command,
  work: (flags: Flags, interrupt: Interrupt) => Promise<boolean>,
): Promise<void> {
  const interrupt = new Interrupt();
  // Whoever reads the help may have read enough.
  process.stdout.on('error', () => process.exit());
  try {
    await command
      .action(async (flags: Flags) => {
        const all = await work(flags, interrupt);
        process.exitCode = all ? 0 : 1;
      })
      .parseAsync(process.argv.slice(2), { from: 'user' });
  } catch (error) {
    report(error, interrupt);
  } finally {
    clearProgress();
    interrupt.stop();
  }
}

function report(thrown: unknown, interrupt: Interrupt): void {
  const error = interrupted(interrupt) ?? thrown;
  if (error instanceof Interrupted) {
    say('interrupted; the same command goes on where it stopped');
    error.end();
  } else if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else if (error instanceof CommandFailed) {
    process.exitCode = error.status;
  } else if (error instanceof UserError) {
    complain(error);
    process.exitCode = 2;
  } else {
    say(`caption: internal: ${messageOf(error)}`);
    if (process.env.CAPTION_DEBUG === '1' && error instanceof Error) say(error.stack ?? '');
    process.exitCode = 70;
  }
}

/** Whatever is thrown after Ctrl-C comes of it. */
function interrupted(interrupt: Interrupt): Interrupted | undefined {
  try {
    interrupt.throwIfAny();
    return undefined;
  } catch (error) {
    return error as Interrupted;
  }
}
