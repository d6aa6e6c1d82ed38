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
