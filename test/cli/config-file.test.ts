import { mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Command, CommanderError, Option } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newCommand, oneOf, real, whole } from '../../src/cli/command.ts';
import { acceptConfigFile, configOption } from '../../src/cli/config-file.ts';
import { readConfigFile } from '../../src/cli/config-syntax.ts';
import { UserError } from '../../src/errors.ts';
import { outputOf } from '../helpers/cli.ts';

const EXAMPLES = fileURLToPath(new URL('../../scripts/configs', import.meta.url));

let folder: string;
let file: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'caption-config-'));
  mkdirSync(join(folder, 'configs'));
  file = join(folder, 'configs/a.json');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A command like `caption train`; `onFlags` gets what its action is called with. */
function trainLike(onFlags: (flags: unknown) => void): Command {
  const share = real('--dropout-image', 'from 0 to less than 1', (x) => x >= 0 && x < 1);
  const command = newCommand('caption learn', 'For this test.')
    .option('--data <dataset>', 'a data set')
    .option('--out <folder>', 'a folder')
    .option('--name <name>', 'a name')
    .option('--mirror', 'a flag')
    .option('--resume', 'of a call')
    .addOption(new Option('--overwrite', 'of a call').conflicts('resume'))
    .addOption(new Option('--self-critical', 'a flag with a conflict').conflicts('text'))
    .option('--text <file>', 'captions')
    .option('--only <names...>', 'a list of texts')
    .option('--cell <name>', 'one of three', oneOf('--cell', ['rnn', 'lstm', 'gru']))
    .option('--layers <n>', 'a number without a default', whole('--layers', 1, 16))
    .addOption(new Option('--epochs <n>').argParser(whole('--epochs', 1)).default(20))
    .option('--dropout-image <x>', 'a share', share)
    .option('--dropout <x>', 'stands for the one before', share)
    .option(
      '--learning-rate <x>',
      'a size',
      real('--learning-rate', 'more than 0', (x) => x > 0),
    )
    .addOption(configOption())
    .action(onFlags);
  return acceptConfigFile(command, {
    required: ['data', 'out'],
    paths: ['data', 'out', 'text', 'only'],
    covers: { dropout: ['dropoutImage'] },
  });
}

/** The flags of a call with these arguments, without `config`. */
async function flagsOf(args: readonly string[]): Promise<Record<string, unknown>> {
  let given: Record<string, unknown> = {};
  const command = trainLike((flags) => {
    given = { ...(flags as Record<string, unknown>) };
  });
  await command.parseAsync([...args], { from: 'user' });
  const { config: _, ...flags } = given;
  return flags;
}

/** The flags of a call with this config file and more arguments. */
async function withConfig(content: string | Uint8Array, ...args: string[]) {
  writeFileSync(file, content);
  return flagsOf(['--config', file, ...args]);
}

const DATA = '"data": "/d", "out": "/o"';
const GIVEN = { data: '/d', out: '/o', epochs: 20 };

/** What the call is refused with: message (the file's folder left out) and hint. */
async function refusal(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof UserError)) throw new Error(`expected a UserError but got ${error}`);
  const { message, hint } = error;
  return `${message}${hint === undefined ? '' : ` (${hint})`}`.replaceAll(`${join(folder, 'configs')}/`, '');
}

const refused = (content: string | Uint8Array, ...args: string[]) => refusal(withConfig(content, ...args));

describe('values', () => {
  test('come from JSON with comments and trailing commas, under the options that the command line has', async () => {
    const content = `// A comment
    {
      "data": "/d", /* another */ "out": "/o",
      "epochs": 3, "learningRate": 1e-4, "dropoutImage": 0, "layers": 2,
      "cell": "gru", // and one more
      "mirror": true, "name": "5",
    }`;
    const all = { data: '/d', out: '/o', epochs: 3, learningRate: 0.0001, dropoutImage: 0, layers: 2 };
    expect(await withConfig(content)).toEqual({ ...all, cell: 'gru', mirror: true, name: '5' });
    // The command line goes before the file, whatever comes first and even with a default's value.
    writeFileSync(file, content);
    expect(await flagsOf(['--epochs', '20', '--config', file, '--cell', 'rnn', '--out', 'x'])).toEqual({
      ...all,
      ...{ cell: 'rnn', mirror: true, name: '5', epochs: 20, out: 'x' },
    });
  });

  test('give way to an option of the command line that stands for them', async () => {
    const content = `{${DATA}, "dropout": 0.1, "dropoutImage": 0.2}`;
    expect(await withConfig(content)).toEqual({ ...GIVEN, dropout: 0.1, dropoutImage: 0.2 });
    expect(await withConfig(content, '--dropout', '0.3')).toEqual({ ...GIVEN, dropout: 0.3 });
    const both = await withConfig(content, '--dropout', '0.3', '--dropout-image', '0.4');
    expect(both).toEqual({ ...GIVEN, dropout: 0.3, dropoutImage: 0.4 });
  });

  test('are not asked for: without a config all is as before', async () => {
    expect(await flagsOf(['--data', 'd', '--out', 'o', '--mirror'])).toEqual({
      ...{ data: 'd', out: 'o', epochs: 20, mirror: true },
    });
  });

  test('a byte order mark and the line ends of Windows are fine', async () => {
    expect(await withConfig(`\uFEFF{\r\n${DATA},\r\n"epochs": 4\r\n}\r\n`)).toEqual({ ...GIVEN, epochs: 4 });
    expect(await refused(`\uFEFF{\r\n${DATA},\r\n"epochs": 0\r\n}\r\n`)).toMatch(/^a\.json:3:11: /);
  });

  test('flags: --no-<flag> undoes true, and false is as if not given', async () => {
    expect(await withConfig(`{${DATA}, "mirror": true}`, '--no-mirror')).toEqual({
      ...GIVEN,
      mirror: undefined,
    });
    expect(await withConfig(`{${DATA}, "mirror": false}`)).toEqual({ ...GIVEN, mirror: false });
    expect(await withConfig(`{${DATA}, "mirror": false}`, '--mirror')).toEqual({ ...GIVEN, mirror: true });
    // Neither is in the way of what the flag conflicts with.
    const undone = await withConfig(`{${DATA}, "selfCritical": true, "text": "/t"}`, '--no-self-critical');
    expect(undone).toMatchObject({ selfCritical: undefined, text: '/t' });
    const other = await withConfig(`{${DATA}, "selfCritical": true}`, '--no-self-critical', '--text', 't');
    expect(other).toMatchObject({ selfCritical: undefined, text: 't' });
    expect(await withConfig(`{${DATA}, "selfCritical": false, "text": "/t"}`)).toMatchObject({ text: '/t' });
  });

  test('paths are relative to the file, those of the command line are not', async () => {
    const content = '{"data": "../d/", "out": "~/o", "name": "../n", "only": ["a", "/b"]}';
    expect(await withConfig(content, '--text', 't')).toEqual({
      ...{ data: join(folder, 'd/'), out: join(homedir(), 'o'), name: '../n', epochs: 20, text: 't' },
      only: [join(folder, 'configs/a'), '/b'],
    });
  });

  test('of variadic options are a list or one; the command line replaces them', async () => {
    expect(await withConfig(`{${DATA}, "only": "/a"}`)).toMatchObject({ only: ['/a'] });
    expect(await withConfig(`{${DATA}, "only": ["/a"]}`, '--only', 'b', 'c')).toMatchObject({
      only: ['b', 'c'],
    });
    expect(await refused(`{${DATA}, "only": ["/a", ["b"]]}`)).toBe(
      'a.json:1:37: expected only to be a list of values but got ["/a", ["b"]]',
    );
    expect(await refused(`{${DATA}, "only": ["/a", 3]}`)).toMatch(/expected only to be a text but got/);
  });

  test.each([
    ['"epochs": "ten"', 'epochs to be a whole number, 1 or more, but got ten'],
    ['"epochs": 0', 'epochs to be a whole number, 1 or more, but got 0'],
    ['"epochs": 2.5', 'epochs to be a whole number, 1 or more, but got 2.5'],
    ['"epochs": true', 'epochs to be a whole number, 1 or more, but got true'],
    ['"epochs": "10"', 'epochs to be a number but got "10" (write it without quotes)'],
    ['"epochs": [10]', 'epochs to be one value but got [10]'],
    ['"epochs": { "most":\n 10}', 'epochs to be one value but got { "most": 10}'],
    ['"layers": 1e400', 'layers to be a whole number, from 1 to 16, but got Infinity'],
    ['"learningRate": -1', 'learningRate to be a number, more than 0, but got -1'],
    ['"dropoutImage": 1', 'dropoutImage to be a number, from 0 to less than 1, but got 1'],
    ['"cell": "LSTM"', 'cell to be one of rnn, lstm, gru but got LSTM'],
    ['"cell": 3', 'cell to be one of rnn, lstm, gru but got 3'],
    ['"mirror": "yes"', 'mirror to be true or false but got "yes"'],
    ['"mirror": 1', 'mirror to be true or false but got 1'],
    ['"name": 5', 'name to be a text but got 5 (write it in "double quotes")'],
    ['"name": null', 'name to have a value but got null (leave the line out, or put // in front of it)'],
    ['"text": ""', 'text to have a value but got "" (leave the line out, or put // in front of it)'],
    [`"name": ["${'x'.repeat(90)}"]`, `name to be one value but got ["${'x'.repeat(58)}...`],
  ])('%s is refused', async (line, expected) => {
    const [key] = line.split(' ');
    const column = key!.length + 4;
    expect(await refused(`{ ${DATA},\n  ${line},\n}`)).toBe(`a.json:2:${column}: expected ${expected}`);
    // Also where the command line has another value.
    if (key === '"epochs":') {
      expect(await refused(`{ ${DATA},\n  ${line},\n}`, '--epochs', '5')).toMatch(/expected epochs to be/);
    }
  });
});

describe('keys', () => {
  const name = 'a.json:3:3: expected the name of an option but got';
  test.each([
    ['learnRate', `${name} "learnRate" (did you mean learningRate?)`],
    ['learning-rate', `${name} "learning-rate" (did you mean learningRate?)`],
    ['--learning-rate', `${name} "--learning-rate" (did you mean learningRate?)`],
    ['learning_rate', `${name} "learning_rate" (did you mean learningRate?)`],
    ['Epochs', `${name} "Epochs" (did you mean epochs?)`],
    ['noMirror', `${name} "noMirror" (did you mean mirror?)`],
    ...['$schema', '__proto__', ''].map((key) => [
      key,
      `${name} "${key}" (caption learn --help names the options; --learning-rate is learningRate here)`,
    ]),
    ...['resume', 'overwrite', 'config', 'help'].map((key) => [
      key,
      `a.json:3:3: expected ${key} on the command line only but got it in a config file ` +
        `(give --${key} where caption learn is called)`,
    ]),
  ])('%s is refused', async (key, expected) => {
    expect(await refused(`{\n  ${DATA},\n  "${key}": true\n}`)).toBe(expected);
  });

  test('are given once', async () => {
    expect(await refused(`{ ${DATA},\n  "epochs": 3,\n\n  "epochs": 3 }`)).toBe(
      'a.json:4:3: expected epochs once but it is also at a.json:2:3',
    );
  });
});

describe('options together', () => {
  test('what is required comes from the file or the command line', async () => {
    expect(await withConfig('{"data": "/d"}', '--out', '/o')).toEqual(GIVEN);
    expect(await refused('{"data": "/d"}')).toBe(
      `required option '--out <folder>' not specified (give it on the command line, or as "out" in a.json)`,
    );
    expect(await refusal(flagsOf(['--out', 'o']))).toBe("required option '--data <dataset>' not specified");
  });

  test('conflicts are found within the file, between it and the command line, and there', async () => {
    expect(await refused(`{ ${DATA},\n  "selfCritical": true,\n  "text": "/t" }`)).toBe(
      'selfCritical (a.json:2:3) cannot be used with text (a.json:3:3)',
    );
    expect(await refused(`{ ${DATA},\n  "text": "/t" }`, '--self-critical')).toBe(
      `option '--self-critical' cannot be used with text (a.json:2:3)`,
    );
    expect(await refused(`{ ${DATA},\n  "selfCritical": true }`, '--text', 't')).toBe(
      `selfCritical (a.json:2:3) cannot be used with option '--text <file>'`,
    );
    const { err } = await outputOf(async () => {
      await expect(withConfig(`{ ${DATA} }`, '--resume', '--overwrite')).rejects.toThrow(CommanderError);
    });
    expect(err).toBe(`caption: option '--overwrite' cannot be used with option '--resume'\n`);
  });

  test('one file a call', async () => {
    const call = ['--config', 'a', '--config', 'b'];
    expect(await refusal(flagsOf(call))).toBe('expected one --config but got a and b');
    expect(await refusal(flagsOf(['--config', '']))).toBe('expected --config to be a file but got nothing');
  });

  test('help is shown whatever is in the file, without the --no-<flag>s', async () => {
    const { out } = await outputOf(async () => {
      await expect(withConfig('nonsense', '--help')).rejects.toThrow(CommanderError);
    });
    expect(out).toMatch(/--config <file\.json> +options from a file/);
    expect(out).not.toContain('--no-');
  });

  test('names that are no options are a bug of ours', () => {
    const command = newCommand('caption learn', '').addOption(configOption());
    expect(() => acceptConfigFile(command, { required: [], paths: ['date'] })).toThrow(
      'internal: caption learn has no option date',
    );
    expect(() => acceptConfigFile(newCommand('x', ''), { required: [], paths: [] })).toThrow(
      'internal: x has no option config',
    );
  });
});

describe('syntax', () => {
  test.each([
    ['{"epochs": 3', '1:13: expected a closing } but got the end of the file'],
    ['{\n  "epochs": 3\n  "layers": 2\n}', '3:3: expected a comma but got "layers"'],
    ['{"epochs" 3}', '1:11: expected a colon but got 3'],
    ['{"epochs": }', '1:12: expected a value but got }'],
    ['{"epochs": 3,, "layers": 2}', '1:14: expected a key in double quotes but got ,'],
    ['{epochs: 3}', '1:2: expected JSON but got epochs (keys and texts are in "double quotes")'],
    [`{'epochs': 3}`, `1:2: expected JSON but got 'epochs' (keys and texts are in "double quotes")`],
    ['{"mirror": True}', '1:12: expected JSON but got True (write true)'],
    ['{"dropoutImage": .5}', '1:18: expected JSON but got .5 (numbers are written 3, -2, 0.5 or 1e-4)'],
    ['{"epochs": 3.}', '1:12: expected more digits but got 3.'],
    ['# Mine\n{}', '1:1: expected JSON but got # (comments begin with //)'],
    ['{"name": "x\n}', '1:10: expected a closing " on the same line but got "x'],
    ['{"name": "a\tb"}', '1:10: expected no tab or control character in quotes but got "a b"'],
    [
      '{"data": "C:\\data"}',
      '1:10: expected one of \\" \\\\ \\/ \\b \\f \\n \\r \\t \\u behind a backslash but got "C:\\data" ' +
        '(paths may have / instead of \\)',
    ],
    ['{"name": "\\u12"}', '1:10: expected \\u with four hexadecimal digits but got "\\u12"'],
    ['{} {}', '1:4: expected nothing after the value but got {'],
    ['{"only": ["a"}', '1:14: expected a comma but got }'],
    ['/* open', '1:1: expected the comment to be closed by */ but got the end of the file'],
    ['// nothing\n', '2:1: expected a value but got the end of the file'],
    ['["epochs", 3]', '1:1: expected an object { ... } but got ["epochs", 3]'],
    ['"epochs"', '1:1: expected an object { ... } but got "epochs"'],
  ])('%j', async (content, expected) => {
    expect(await refused(content)).toBe(`a.json:${expected}`);
  });

  test('levels without end', async () => {
    expect(await refused('['.repeat(100_000))).toBe(
      'a.json:1:1: expected one object { ... } but got thousands of levels',
    );
  });
});

describe('files', () => {
  const named = (path: string) => refusal(flagsOf(['--config', path]));

  test('that are none, empty or in another encoding', async () => {
    expect(await named('no/such.json')).toBe('expected a config file but no/such.json does not exist');
    expect(await named(folder)).toBe(`expected a config file but ${folder} is a directory`);
    expect(await refused('')).toBe('expected a config file but a.json is empty');
    expect(await refused('\uFEFF \n')).toBe('expected a config file but a.json is empty');
    const encoding =
      'expected a.json to be text in UTF-8 but it is not ' +
      '(if it is a config file in another encoding, save it as UTF-8)';
    expect(await refused(Buffer.from('{"name": "é"}', 'latin1'))).toBe(encoding);
    expect(await refused(Buffer.from('\uFEFF{"name": "e"}', 'utf16le'))).toBe(encoding);
    expect(await refused(Buffer.from('{"name": "e"}', 'utf16le'))).toBe(encoding);
  });

  test('that are too large or never end', async () => {
    const large = join(folder, 'large.json');
    writeFileSync(large, '{}');
    truncateSync(large, 2 ** 30);
    expect(await named(large)).toBe(`expected a config file of at most 1 MB but ${large} has 1024 MB`);
    expect(await named('/dev/zero')).toBe('expected a config file but /dev/zero is a pipe or a device');
  });

  test('of ours are whole', async () => {
    for (const name of readdirSync(EXAMPLES)) {
      const { entries } = await readConfigFile(join(EXAMPLES, name));
      expect(entries.map(({ key }) => key)).toEqual(
        expect.arrayContaining(['data', 'out', 'select', 'seed']),
      );
    }
  });
});
