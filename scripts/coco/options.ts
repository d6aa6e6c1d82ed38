import { existsSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { newCommand, real, whole } from '../../src/cli/command.ts';
import { DEFAULT_ENCODER } from '../../src/cli/extraction.ts';
import { trainCommand } from '../../src/cli/train.ts';
import { UserError } from '../../src/errors.ts';
import { encoderDefinition, encoderFiles } from '../../src/vision/encoders.ts';
import type { Settings } from './run-record.ts';

/** Options of `caption train` that a script gives itself. */
const OWN = new Set([
  ...['--data', '--out', '--images-dir', '--features', '--mirrored-features'],
  ...['--resume', '--overwrite', '--seed', '--help'],
]);

/** Options of `caption train` that don't decide what comes out, and which `caption evaluate` has as well. */
const MACHINE = new Set(['--threads', '--device']);
const EVALUATION = new Set([...MACHINE, '--encoder-file']);

/** What all training scripts are asked for. */
export interface ScriptFlags {
  readonly out: string;
  readonly imagesDir?: string;
  readonly maxMissing: number;
  readonly seed: number;
  readonly dryRun?: boolean;
  // Of caption train.
  readonly encoder?: string;
  readonly encoderFile?: string;
  readonly epochs: number;
  readonly mirror?: boolean;
}

/** The options of `caption train` that were given, for its call and others. */
export interface TrainingArguments {
  readonly train: readonly string[];
  readonly evaluate: readonly string[];
  /** Those that decide what comes out. */
  readonly settings: Settings;
}

/** A command with the options of all training scripts; `addTrainingOptions` comes last. */
export function newScript(name: string, description: string): Command {
  return newCommand(name, description)
    .optionsGroup('Options:')
    .requiredOption('--out <folder>', 'where the model, its report and what it is made from are written')
    .addOption(
      new Option('--max-missing <share>', 'how many of the images may turn out not to be had or read')
        .argParser(real('--max-missing', 'from 0 to 1', (x) => x >= 0 && x <= 1))
        .default(0.01),
    )
    .addOption(
      new Option('--seed <n>', 'the same seed gives the same images and the same model')
        .argParser(whole('--seed', 0))
        .default(1),
    )
    .option('--dry-run', 'tell what would be done, and do nothing');
}

/** Adds the options of `caption train`, under their own headings. */
export function addTrainingOptions(command: Command): Command {
  const options = trainCommand().options.filter(({ long }) => !OWN.has(long!));
  for (const option of options) command.addOption(option);
  return command;
}

/** The options of `caption train` that a command was given. */
export function trainingArguments(command: Command): TrainingArguments {
  const names = new Set(trainCommand().options.map(({ long }) => long!));
  const given = command.options
    .filter(({ long }) => names.has(long!) && !OWN.has(long!))
    .filter((option) => command.getOptionValueSource(option.attributeName()) === 'cli')
    .map((option) => ({
      long: option.long!,
      isSwitch: option.isBoolean(),
      value: command.getOptionValue(option.attributeName()) as string | number | boolean,
    }));
  const asArguments = (options: typeof given) =>
    options.flatMap(({ long, isSwitch, value }) => (isSwitch ? [long] : [long, String(value)]));
  const decisive = given.filter(({ long }) => !MACHINE.has(long));
  return {
    train: asArguments(given),
    evaluate: asArguments(given.filter(({ long }) => EVALUATION.has(long))),
    settings: Object.fromEntries(decisive.map(({ long, value }) => [long, value])),
  };
}

/** The encoder's name; a UserError where its networks are not there, before hours go into anything else. */
export function checkEncoder({ encoder = DEFAULT_ENCODER, encoderFile }: ScriptFlags): string {
  for (const file of encoderFiles(encoderDefinition(encoder), { encoderFile })) {
    if (existsSync(file)) continue;
    throw new UserError(
      `expected --encoder-file to be the ONNX file of ${encoder} but ${file} does not exist`,
    );
  }
  return encoder;
}
