import { parseArgs } from 'node:util';
import * as read from '../../../src/cli/command.ts';

/** An option of a script: what it is where it isn't given, and how its text is read. */
export interface Option<Value> {
  readonly otherwise: Value;
  readonly reader: (name: string) => (text: string) => Value;
}

/** A whole number from `least` to `most`. */
export const whole = (otherwise: number, least = 1, most?: number): Option<number> => ({
  otherwise,
  reader: (name) => read.whole(name, least, most),
});

/** A number above 0. */
export const positive = (otherwise: number): Option<number> => ({
  otherwise,
  reader: (name) => read.real(name, 'above 0', (x) => x > 0),
});

/** One of a few names. */
export const among = <Name extends string>(names: readonly Name[], otherwise: Name): Option<Name> => ({
  otherwise,
  reader: (name) => read.oneOf(name, names),
});

/** Any text, or none. */
export const text: Option<string | undefined> = { otherwise: undefined, reader: () => (given) => given };

/** The script's options (`hiddenSize` is --hidden-size), and the files behind them where it takes any. */
export function commandLine<Values>(
  options: { readonly [Key in keyof Values]: Option<Values[Key]> },
  takesFiles = false,
): {
  readonly values: Values;
  readonly files: readonly string[];
} {
  const entries = Object.entries<Option<unknown>>(options);
  const nameOf = (key: string) => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const { values: given, positionals: files } = parseArgs({
    allowPositionals: takesFiles,
    options: Object.fromEntries(entries.map(([key]) => [nameOf(key), { type: 'string' as const }])),
  });
  const values = entries.map(([key, { otherwise, reader }]) => {
    const name = nameOf(key);
    const word = given[name];
    return [key, typeof word === 'string' ? reader(`--${name}`)(word) : otherwise];
  });
  // The keys are those of `options`, each with its own option's value; entries forget that.
  return { values: Object.fromEntries(values) as Values, files };
}
