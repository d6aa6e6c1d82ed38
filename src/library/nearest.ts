/** The name that takes the fewest edits to get from `text`, unless so many that nobody can have meant it. */
export function nearest(text: string, names: readonly string[]): string | undefined {
  const ranked = names
    .map((name) => ({ name, distance: editDistance(text.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const [best] = ranked;
  return best && best.distance <= Math.max(1, 0.4 * best.name.length) ? best.name : undefined;
}

/** Levenshtein's: how many characters to insert, delete or replace, row by row of the table. */
function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (const [i, letter] of [...a].entries()) {
    const row = [i + 1];
    for (let j = 0; j < b.length; j++) {
      row.push(Math.min(row[j]! + 1, above[j + 1]! + 1, above[j]! + (letter === b[j] ? 0 : 1)));
    }
    above = row;
  }
  return above[b.length]!;
}
