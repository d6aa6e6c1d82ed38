import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { UserError } from '../../../src/errors.ts';

/**
 * Runs a script's command line, unless something else was called that imports it: `--help` prints the comment at the
 * top of the script, a user's mistake one sentence and exit status 2. A bug keeps its stack.
 * @param script the `import.meta.filename` of the caller
 */
export async function main(script: string, work: () => Promise<void>): Promise<void> {
  // tsx also finds a script that is called without its extension.
  if (![script, script.replace(/\.ts$/, '')].includes(process.argv[1]!)) return;
  // Whoever reads our output may have read enough (`... | head`).
  process.stdout.on('error', () => process.exit());
  if (process.argv.slice(2).some((argument) => argument === '--help' || argument === '-h')) {
    console.log(topComment(readFileSync(script, 'utf8')));
    return;
  }
  try {
    await work();
  } catch (thrown) {
    const error = userError(thrown);
    console.error(`${basename(script, '.ts')}: ${error.message}`);
    if (error.hint !== undefined) console.error(`hint: ${error.hint}`);
    process.exitCode = 2;
  }
}

/** What was thrown, if the user can mend it; everything else is thrown again. */
function userError(thrown: unknown): UserError {
  if (thrown instanceof UserError) return thrown;
  const { code, message } = thrown as NodeJS.ErrnoException;
  if (!code?.startsWith('ERR_PARSE_ARGS')) throw thrown;
  const [sentence] = message.split(/\. |\n/);
  const [, option] = /^Option '(\S+)' argument is ambiguous/.exec(message) ?? [];
  if (option !== undefined) {
    const given = process.argv.find((word, i) => word.startsWith('-') && process.argv[i - 1] === option)!;
    const quoted = /^[-+.\w]*$/.test(given) ? given : `'${given}'`;
    return new UserError(`expected a value of ${option} but got ${quoted}, which looks like an option`, {
      hint: `a value that begins with a dash is written ${option}=${quoted}`,
    });
  }
  return new UserError(sentence!, { hint: 'the options are listed by --help' });
}

/** The first block comment of a source, without its stars. */
function topComment(source: string): string {
  const comment = source.slice(source.indexOf('/**') + 3, source.indexOf('*/'));
  return comment.replace(/^ *\* ?/gm, '').trim();
}
