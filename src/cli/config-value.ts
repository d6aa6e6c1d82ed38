import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { CommanderError, type Option } from 'commander';
import { UserError } from '../errors.ts';
import type { ConfigEntry } from './config-syntax.ts';

/**
 * An option's value as the command line would have parsed it, from one of a config file: true or false for a
 * flag, else a number or a text, or a list of them for a variadic option.
 *
 * @param place the value's file:line:column
 * @param folder what a path is relative to; undefined where the value is none
 * @throws UserError naming the place and the key
 */
export function configValue(
  option: Option,
  entry: ConfigEntry,
  place: string,
  folder: string | undefined,
): unknown {
  const { key, value, written } = entry;
  const wrong = (expected: string, hint?: string) =>
    new UserError(`${place}: expected ${key} to ${expected} but got ${written}`, { hint });
  const one = (item: unknown, previous: unknown): unknown => {
    if (item === null || item === '') {
      throw wrong('have a value', 'leave the line out, or put // in front of it');
    }
    if (typeof item === 'object') throw wrong(option.variadic ? 'be a list of values' : 'be one value');
    const isPath = folder !== undefined && typeof item === 'string';
    const parsed = parse(
      option,
      isPath ? pathFrom(folder, item) : String(item),
      previous,
      (message, hint) => {
        // Parsers speak of --learning-rate.
        return new UserError(`${place}: ${message.replace(option.long ?? key, key)}`, { hint });
      },
    );
    // Which type an option has shows in what its parser makes of the text.
    const numeric = typeof (Array.isArray(parsed) ? parsed.at(-1) : parsed) === 'number';
    if (numeric && typeof item !== 'number') throw wrong('be a number', 'write it without quotes');
    if (!numeric && typeof item !== 'string') throw wrong('be a text', 'write it in "double quotes"');
    return parsed;
  };
  if (!option.required && !option.optional) {
    if (typeof value === 'boolean') return value;
    throw wrong('be true or false');
  }
  const items: readonly unknown[] = option.variadic && Array.isArray(value) ? value : [value];
  return items.reduce((previous, item) => one(item, previous), option.defaultValue);
}

function parse(
  option: Option,
  text: string,
  previous: unknown,
  refuse: (message: string, hint: string | undefined) => UserError,
): unknown {
  if (!option.parseArg) {
    if (!option.variadic) return text;
    return Array.isArray(previous) && previous !== option.defaultValue ? [...previous, text] : [text];
  }
  try {
    return option.parseArg<unknown>(text, previous);
  } catch (error) {
    if (error instanceof UserError) throw refuse(error.message, error.hint);
    // That of Option.choices().
    if (error instanceof CommanderError) throw refuse(error.message, undefined);
    throw error;
  }
}

/** A path as if its file's folder were the current one; `~` is the user's, as a shell would have it. */
function pathFrom(folder: string, path: string): string {
  if (path === '~' || path.startsWith('~/')) return join(homedir(), path.slice(1));
  return isAbsolute(path) ? path : join(folder, path);
}
