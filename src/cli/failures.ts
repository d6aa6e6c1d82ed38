import { type InputProblem, STDIN } from '../captioning/inputs.ts';
import { oneLine } from '../captioning/writers/one-line.ts';
import { UserError } from '../errors.ts';
import { say } from './terminal.ts';

/** Ends with status 1: the call was right but some of its images could not be done. */
export function someFailed(): void {
  process.exitCode = 1;
}

/** One image that could not be done, as `path: reason`. */
export function reportFailure(path: string, { message }: Error): void {
  const name = path === STDIN ? 'standard input' : oneLine(path);
  // The reason names the file as well; once is enough.
  say(`${name}: ${message.replace(new RegExp(`(?<= )${escaped(path)}(?=[ :])`), 'it')}`);
}

/**
 * Names the inputs that came to nothing. Where images are left, they are done and the exit status is 1;
 * where there are none the whole call was wrong.
 */
export function reportProblems(problems: readonly InputProblem[], images: number): void {
  const [first] = problems;
  if (first === undefined) return;
  if (images === 0 && problems.length === 1) throw first.error;
  for (const { input, error } of problems) reportFailure(input, error);
  if (images === 0) throw new UserError('expected images but got none that can be read');
  someFailed();
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
