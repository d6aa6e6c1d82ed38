import { type Command, CommanderError } from 'commander';
import { InternalError, messageOf, UserError } from '../errors.ts';
import { Interrupted } from './interrupt.ts';
import { complain, say, startProgress } from './terminal.ts';

/** Exit statuses, besides 0: everything was done, and 1: some images failed (failures.ts). */
const WRONG_CALL = 2;
const OUR_BUG = 70;

/** Commands by name. Each is loaded when it is called, so that none waits for another's packages. */
const COMMANDS: Record<string, () => Promise<Command>> = {
  features: async () => (await import('./features.ts')).featuresCommand(),
  train: async () => (await import('./train.ts')).trainCommand(),
  evaluate: async () => (await import('./evaluate.ts')).evaluateCommand(),
  score: async () => (await import('./score.ts')).scoreCommand(),
  report: async () => (await import('./report.ts')).reportCommand(),
  models: async () => (await import('./models.ts')).modelsCommand(),
};

/** Runs the command line; sets the exit status, and never throws. */
export async function run(args: readonly string[]): Promise<void> {
  startProgress();
  try {
    const { command, rest } = await commandOf(args);
    await command.parseAsync([...rest], { from: 'user' });
  } catch (error) {
    report(error);
  }
}

/** `caption train ...`, `caption help train`, or what is not a command's name: images. */
async function commandOf(args: readonly string[]): Promise<{ command: Command; rest: readonly string[] }> {
  const [name, ...others] = args;
  if (name === 'help') return { command: await helpOf(others[0]), rest: ['--help'] };
  const load = commandNamed(name);
  return load ? { command: await load(), rest: others } : { command: await captioning(), rest: args };
}

/** The command that `caption help <name>` tells of. */
async function helpOf(name: string | undefined): Promise<Command> {
  if (name === undefined || name === 'caption' || name.startsWith('-')) return captioning();
  const load = commandNamed(name);
  if (load) return load();
  throw new UserError(`expected a command (${Object.keys(COMMANDS).join(', ')}) after help but got ${name}`, {
    hint: 'caption help tells about captioning; an image of the name help is ./help',
  });
}

function commandNamed(name: string | undefined): (() => Promise<Command>) | undefined {
  return name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
}

async function captioning(): Promise<Command> {
  return (await import('./caption.ts')).captionCommand();
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
