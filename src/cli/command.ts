import { Command, Option } from 'commander';
import type { SearchRequest } from '../captioning/search-options.ts';
import { UserError } from '../errors.ts';
import type { Device } from '../onnx/session.ts';
import { writeOut } from './terminal.ts';

/** A command with our wording of errors and our layout of help; its mistakes are thrown, never exits. */
export function newCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .addHelpOption(new Option('-h, --help', 'show this help').helpGroup('Options:'))
    .configureHelp({ showGlobalOptions: false })
    .configureOutput({ writeOut, outputError: (text, write) => write(ourWording(text)) })
    .exitOverride();
}

/** "error: unknown option '--bea'\n(Did you mean --beam?)" -> our two lines. */
function ourWording(text: string): string {
  return text
    .replace(/^error: /, 'caption: ')
    .replace(/\n\(Did you mean (.+)\?\)/, '\nhint: did you mean $1?');
}

/** Reads any number; the error names the option. Where it has a range, whoever takes the number checks that. */
export function number(option: string) {
  return (text: string): number => {
    const value = toNumber(text);
    if (Number.isFinite(value)) return value;
    throw new UserError(`expected ${option} to be a number but got ${text || 'nothing'}`);
  };
}

/** NaN for text that is no number; `Number` alone would take the empty text for 0. */
function toNumber(text: string): number {
  return text.trim() === '' ? Number.NaN : Number(text);
}

/** Reads a whole number; the error names the option. */
export function whole(option: string, least: number, most: number = Number.MAX_SAFE_INTEGER) {
  return (text: string): number => {
    const value = toNumber(text);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    const range = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `from ${least} to ${most}`;
    throw new UserError(`expected ${option} to be a whole number, ${range}, but got ${text || 'nothing'}`);
  };
}

/** Reads a number in a range that `range` says in words. */
export function real(option: string, range: string, fits: (value: number) => boolean) {
  return (text: string): number => {
    const value = toNumber(text);
    if (Number.isFinite(value) && fits(value)) return value;
    throw new UserError(`expected ${option} to be a number, ${range}, but got ${text || 'nothing'}`);
  };
}

/** Reads one of a few names. */
export function oneOf<Name extends string>(option: string, names: readonly Name[]) {
  return (text: string): Name => {
    const found = names.find((name) => name === text);
    if (found !== undefined) return found;
    throw new UserError(`expected ${option} to be one of ${names.join(', ')} but got ${text || 'nothing'}`);
  };
}

/** Written out, as the session's room takes a tenth of a second to load. */
const DEVICES: readonly Device[] = ['cpu', 'webgpu', 'cuda'];

/** Options of every command that runs networks. */
export interface MachineOptions {
  readonly threads?: number;
  readonly device?: Device;
}

export function addMachineOptions(command: Command): Command {
  return command
    .optionsGroup('Machine:')
    .addOption(
      new Option('--threads <n>', 'processor threads (all cores)').argParser(whole('--threads', 1, 1024)),
    )
    .addOption(
      new Option(
        '--device <name>',
        `${DEVICES.join(', ')}; the last two where they are installed (cpu)`,
      ).argParser(oneOf('--device', DEVICES)),
    );
}

/** Options of every command that looks for captions; `searchOptions` checks the ranges. */
export type SearchFlags = Omit<SearchRequest, 'count'>;

export function addSearchOptions(command: Command): Command {
  return command
    .optionsGroup('Search (defaults are those the model was chosen with, mostly beam 3):')
    .option(
      '--beam <n>',
      'captions kept in mind at each word; 1 takes the likeliest word (greedy)',
      number('--beam'),
    )
    .option('--min-length <n>', 'fewest words', number('--min-length'))
    .option('--max-length <n>', 'most words', number('--max-length'))
    .option(
      '--length-penalty <a>',
      'rank by log-probability / length^a; more than 0 favours longer captions',
      number('--length-penalty'),
    )
    .optionsGroup('Sampling:')
    .option('--sample', 'draw words at random, for varied captions')
    .option('--temperature <t>', 'below 1 safer, above 1 more varied (1)', number('--temperature'))
    .option('--top-k <k>', 'draw from the k likeliest words only (all)', number('--top-k'))
    .option(
      '--top-p <p>',
      'draw from the likeliest words that together have probability p (1)',
      number('--top-p'),
    )
    .option('--seed <n>', 'the same seed gives the same captions (0)', number('--seed'));
}
