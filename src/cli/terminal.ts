import { writeSync } from 'node:fs';
import type { UserError } from '../errors.ts';

/** Milliseconds between two states of progress: a line that is rewritten, or lines in a log. */
const REDRAW = 100;
const LOG = 30_000;

/** When the progress was last shown, or the command began, and whether its line stands on the terminal now. */
let shownAt = 0;
let standing = false;

/** A command begins: what is soon done needs no progress. */
export function startProgress(): void {
  shownAt = performance.now();
}

/** A result: one line on standard output. */
export function print(line: string): void {
  writeOut(`${line}\n`);
}

/** Text on standard output, whose reader may stop reading. */
export function writeOut(text: string): void {
  clearProgress();
  if (process.stdout.listenerCount('error') === 0) process.stdout.on('error', endWithoutReader);
  process.stdout.write(text);
}

/** Anything that is not a result: one line on standard error. */
export function say(line: string): void {
  clearProgress();
  process.stderr.write(`${line}\n`);
}

/** A user's mistake, with what to do about it. */
export function complain(error: UserError): void {
  say(`caption: ${error.message}`);
  if (error.hint !== undefined) say(`hint: ${error.hint}`);
}

/** How far the work is: a line that rewrites itself on a terminal, a line now and then in a log. */
export function progress(text: string): void {
  const now = performance.now();
  const { isTTY, columns } = process.stderr;
  if (now - shownAt < (isTTY ? REDRAW : LOG)) return;
  shownAt = now;
  if (!isTTY) {
    process.stderr.write(`${text}\n`);
    return;
  }
  process.stderr.write(`\r\u001b[K${text.slice(0, (columns || 80) - 1)}`);
  standing = true;
}

/** Takes the progress line off the terminal, ahead of other output. */
export function clearProgress(): void {
  if (standing) process.stderr.write('\r\u001b[K');
  standing = false;
}

/** `3 images`, `1 image`, `8,000 images`. */
export function count(n: number, noun: string): string {
  return `${n.toLocaleString('en')} ${noun}${n === 1 ? '' : 's'}`;
}

/** `45 s`, `12 min`, `3 h 20 min`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '?';
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Ends the process where nobody can read its results any more. */
function endWithoutReader(error: NodeJS.ErrnoException): void {
  // Whoever reads our output may have read enough (`caption score ... | head -1`): no reason for a word.
  if (error.code === 'EPIPE') process.exit(0);
  writeSync(2, `caption: cannot write standard output: ${error.message}\n`);
  process.exit(2);
}

// Messages that nobody reads are lost; the work goes on.
process.stderr.on('error', () => {});
