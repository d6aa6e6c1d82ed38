import type { Command } from 'commander';

/** Which models are to caption; none is the default model. */
export interface ModelFlags {
  readonly model?: readonly string[];
}

/** `--model`, for commands that caption: several of them make an ensemble. */
export function addModelOption(command: Command): Command {
  return command.option(
    '--model <name>',
    'a model that ships or the folder of one (default); several, as in --model a --model b, choose each word together',
    (name: string, earlier: readonly string[] = []) => [...earlier, name],
  );
}
