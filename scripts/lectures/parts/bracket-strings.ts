import type { Random } from '../../../src/random.ts';

/** How many brackets are open behind each one; below zero where more were closed. */
export function depths(string: string): number[] {
  let depth = 0;
  return Array.from(string, (bracket) => {
    depth += bracket === '(' ? 1 : -1;
    return depth;
  });
}

export function isBalanced(string: string): boolean {
  const all = depths(string);
  return all.at(-1) === 0 && all.every((depth) => depth >= 0);
}

/** The string that goes up and down most, and deep: the one to look at. */
export function liveliest(strings: readonly string[]): string {
  const liveliness = (string: string) => Math.max(...depths(string)) * string.split(')(').length;
  return strings.reduce((a, b) => (liveliness(b) > liveliness(a) ? b : a));
}

/** A random balanced string. Each has its own inclination to open brackets: some stay shallow, others get deep. */
export function balanced(random: Random, pairs: number): string {
  const inclination = 0.3 + 0.7 * random.next();
  let string = '';
  for (let [open, closed] = [0, 0]; closed < pairs; ) {
    const opens = open < pairs && (open === closed || random.next() < inclination);
    string += opens ? '(' : ')';
    if (opens) open++;
    else closed++;
  }
  return string;
}

/** A string of as many brackets that isn't: a balanced one with one turned or two swapped, or any brackets at all. */
export function unbalanced(random: Random, pairs: number): string {
  const string = [...balanced(random, pairs)];
  const [i, j] = [random.int(string.length), random.int(string.length)];
  const turned = string[i] === '(' ? ')' : '(';
  const [first, second] = [string[i], string[j]];
  const result = [
    () => string.with(i, turned),
    () => string.with(i, second).with(j, first),
    () => string.map(() => '()'[random.int(2)]),
  ]
    [random.int(3)]()
    .join('');
  return isBalanced(result) ? unbalanced(random, pairs) : result;
}

/**
 * B strings of so many pairs, every other one balanced, for a net of T = 2 x `most` steps. Its inputs: brackets [T*B],
 * step after step, 1 where one closes; endRows [B], where in those rows the strings end; balanced [B], the answers.
 */
export function bracketProblems(random: Random, B: number, least: number, most: number) {
  const strings = Array.from({ length: B }, (_, i) => {
    return (i % 2 === 0 ? balanced : unbalanced)(random, least + random.int(most - least + 1));
  });
  const bracketAt = (t: number) => strings.map((string) => (string[t] === ')' ? 1 : 0));
  const brackets = Array.from({ length: 2 * most }, (_, t) => bracketAt(t)).flat();
  const endRows = strings.map((string, i) => (string.length - 1) * B + i);
  const answers = strings.map((_, i) => 1 - (i % 2));
  const ids = (values: readonly number[]) => ({ dims: [values.length], data: Int32Array.from(values) });
  return {
    strings,
    answers,
    inputs: { brackets: ids(brackets), endRows: ids(endRows), balanced: ids(answers) },
  };
}
