import { dirname } from 'node:path';
import { type Command, Option } from 'commander';
import { InternalError, UserError } from '../errors.ts';
import { nearest } from '../library/nearest.ts';
import { type ConfigEntry, type ConfigFile, readConfigFile } from './config-syntax.ts';
import { configValue } from './config-value.ts';

/** Attribute names (`imagesDir`) of a command's options. */
interface ConfigSettings {
  /** Options that must be given, in the file or on the command line: `requiredOption` looks at the latter only. */
  readonly required: readonly string[];
  /** Options whose values are paths: in a file they are relative to its folder. */
  readonly paths: readonly string[];
  /** Options that stand for others (`--dropout`): on the command line they go before those in the file, too. */
  readonly covers?: Readonly<Record<string, readonly string[]>>;
}

/** What is said of one call, so that it has no place in a file. */
const OF_A_CALL: readonly string[] = ['config', 'help', 'version', 'resume', 'overwrite'];

/** `--config`; what reads the file is `acceptConfigFile`. */
export function configOption(): Option {
  return new Option('--config <file.json>', 'options from a file; those given here go before them').argParser(
    (path: string, previous: string | undefined) => {
      if (path === '') throw new UserError('expected --config to be a file but got nothing');
      if (previous !== undefined) {
        throw new UserError(`expected one --config but got ${previous} and ${path}`);
      }
      return path;
    },
  );
}

/**
 * Lets a command whose options are all defined, `configOption()` among them, take them from a file as well: just
 * before its action, values of the file are put in where the command line has none. They pass the same parsers.
 * Each flag gets a `--no-<flag>`, which goes before a `true` of the file.
 */
export function acceptConfigFile(command: Command, settings: ConfigSettings): Command {
  const { required, paths, covers = {} } = settings;
  const options = new Map(command.options.map((option) => [option.attributeName(), option]));
  const named = ['config', ...required, ...paths, ...Object.entries(covers).flat(2)];
  const unknown = named.find((name) => !options.has(name));
  if (unknown !== undefined) throw new InternalError(`${command.name()} has no option ${unknown}`);
  for (const flag of options.values()) {
    if (flag.isBoolean() && !OF_A_CALL.includes(flag.attributeName())) addNegation(command, flag);
  }
  return command.hook('preAction', async () => {
    const path: string | undefined = command.getOptionValue('config');
    const file = path === undefined ? undefined : await readConfigFile(path);
    const places = file ? takeOver(command, file, options, settings) : new Map<string, string>();
    for (const name of required) expectGiven(command, options.get(name)!, path);
    expectNoConflicts(command, places);
  });
}

/** `--no-mirror` counts as given, but its value is that of a flag that isn't. */
function addNegation(command: Command, flag: Option): void {
  const negation = new Option(`--no-${flag.name()}`).hideHelp();
  command.addOption(negation).on(`option:${negation.name()}`, () => {
    command.setOptionValueWithSource(flag.attributeName(), flag.defaultValue, 'cli');
  });
}

/** Checks all values of the file and sets those that the command line doesn't have; gives their places. */
function takeOver(
  command: Command,
  file: ConfigFile,
  options: ReadonlyMap<string, Option>,
  { paths, covers = {} }: ConfigSettings,
): Map<string, string> {
  const places = new Map<string, string>();
  const inCall = (name: string) => command.getOptionValueSource(name) === 'cli';
  const covered = new Set(Object.keys(covers).flatMap((name) => (inCall(name) ? covers[name]! : [])));
  for (const entry of file.entries) {
    const option = OF_A_CALL.includes(entry.key) ? undefined : options.get(entry.key);
    if (!option) throw noSuchKey(command, entry, file, options);
    const folder = paths.includes(entry.key) ? dirname(file.path) : undefined;
    const value = configValue(option, entry, file.placeOf(entry.valueOffset), folder);
    if (inCall(entry.key) || covered.has(entry.key)) continue;
    command.setOptionValueWithSource(entry.key, value, 'config');
    places.set(entry.key, file.placeOf(entry.keyOffset));
  }
  return places;
}

function noSuchKey(
  command: Command,
  { key, keyOffset }: ConfigEntry,
  file: ConfigFile,
  options: ReadonlyMap<string, Option>,
): UserError {
  const place = file.placeOf(keyOffset);
  if (OF_A_CALL.includes(key)) {
    return new UserError(`${place}: expected ${key} on the command line only but got it in a config file`, {
      hint: `give --${key} where ${command.name()} is called`,
    });
  }
  const names = [...options.keys()].filter((name) => !OF_A_CALL.includes(name));
  const camelCase = key
    .replace(/^-+/, '')
    .replaceAll(/[-_]+(\w)/g, (_, letter: string) => letter.toUpperCase());
  const meant = nearest(camelCase, names);
  const help = `${command.name()} --help names the options; --learning-rate is learningRate here`;
  const got = JSON.stringify(key.length > 60 ? `${key.slice(0, 60)}...` : key);
  return new UserError(`${place}: expected the name of an option but got ${got}`, {
    hint: meant === undefined ? help : `did you mean ${meant}?`,
  });
}

/** Commander's own words. */
function expectGiven(command: Command, option: Option, config: string | undefined): void {
  const name = option.attributeName();
  if (command.getOptionValue(name) !== undefined) return;
  throw new UserError(`required option '${option.flags}' not specified`, {
    hint: config === undefined ? undefined : `give it on the command line, or as "${name}" in ${config}`,
  });
}

/** Commander has looked for conflicts on the command line; now those with and within the file. */
function expectNoConflicts(command: Command, places: ReadonlyMap<string, string>): void {
  const named = (option: Option) => {
    const name = option.attributeName();
    return places.has(name) ? `${name} (${places.get(name)})` : `option '${option.flags}'`;
  };
  const given = command.options.filter((option) => {
    const name = option.attributeName();
    const value: unknown = command.getOptionValue(name);
    const source = command.getOptionValueSource(name);
    return !option.negate && value !== undefined && value !== false && source !== 'default';
  });
  for (const option of given) {
    const other = given.find((candidate) => conflictsOf(option).includes(candidate.attributeName()));
    if (other) throw new UserError(`${named(option)} cannot be used with ${named(other)}`);
  }
}

/** What `.conflicts()` was told: a public field that commander's types lack. */
function conflictsOf(option: Option): readonly string[] {
  return (option as Option & { readonly conflictsWith: readonly string[] }).conflictsWith;
}
