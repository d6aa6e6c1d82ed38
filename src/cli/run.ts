import { type Command, CommanderError } from 'commander';
import { InternalError, messageOf, UserError } from '../errors.ts';
import { Interrupted } from './interrupt.ts';
import { complain, say } from './terminal.ts';

/** Exit statuses, besides 0: everything was done, and 1: some images failed (failures.ts). */
const WRONG_CALL = 2;
const OUR_BUG = 70;

/** Commands by name. Each is loaded when it is called, so that none waits for another's packages. */
const COMMANDS: Record<string, () => Promise<Command>> = {
  features: async () => (await import('./features.ts')).featuresCommand(),
  train: async () => (await import('./train.ts')).trainCommand(),
  evaluate: async () => (await import('./evaluate.ts')).evaluateCommand(),
  score: async () => (await import('./score.ts')).scoreCommand(),
};

/** Runs the command line; sets the exit status, and never throws. */
export async function run(args: readonly string[]): Promise<void> {
  try {
    const { command, rest } = await commandOf(args);
    await command.parseAsync(rest, { from: 'user' });
  } catch (error) {
    report(error);
  }
}

/** `caption train ...`, `caption help train`, or what is not a command's name: images. */
async function commandOf(args: readonly string[]): Promise<{ command: Command; rest: string[] }> {
  const asksHelp = args[0] === 'help' && args.length <= 2;
  const [name, ...others] = asksHelp ? args.slice(1) : args;
  const load = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load) return { command: await load(), rest: asksHelp ? ['--help'] : others };
  const { captionCommand } = await import('./caption.ts');
  return { command: captionCommand(), rest: asksHelp && name === undefined ? ['--help'] : [...args] };
}

function report(error: unknown): void {
  if (error instanceof Interrupted) {
    error.end();
    return;
  }
  // Commander has printed its message, or the help that was asked for.
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : WRONG_CALL;
    return;
  }
  if (error instanceof UserError) {
    complain(error);
    process.exitCode = WRONG_CALL;
  } else {
    const message = messageOf(error);
    say(`caption: ${error instanceof InternalError ? message : `internal: ${message}`}`);
    say('hint: this is a bug of caption; please report it with the command that you ran');
    process.exitCode = OUR_BUG;
  }
  if (process.env.CAPTION_DEBUG === '1' && error instanceof Error) {
    say(error.stack ?? '');
    if (error.cause instanceof Error) say(`cause: ${error.cause.stack}`);
  }
}
