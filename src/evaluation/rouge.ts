/** How much recall outweighs precision, as coco-caption sets it. */
const BETA = 1.2;

/**
 * ROUGE-L of one caption (Lin, 2004) as coco-caption computes it: precision and recall of the longest
 * common subsequence, each the best over the references independently, joined as an F-measure. The
 * score of a set is the mean over its images.
 */
export function rougeL(candidate: readonly string[], references: readonly (readonly string[])[]): number {
  let precision = 0;
  let recall = 0;
  for (const reference of references) {
    const common = longestCommonSubsequence(candidate, reference);
    precision = Math.max(precision, common / Math.max(1, candidate.length));
    recall = Math.max(recall, common / Math.max(1, reference.length));
  }
  if (precision === 0 || recall === 0) return 0;
  return ((1 + BETA ** 2) * precision * recall) / (recall + BETA ** 2 * precision);
}

function longestCommonSubsequence(a: readonly string[], b: readonly string[]): number {
  // row[j]: the length for the words of `a` seen so far and the first j words of `b`.
  const row = new Uint16Array(b.length + 1);
  for (const word of a) {
    let diagonal = 0;
    for (let j = 1; j <= b.length; j++) {
      const above = row[j]!;
      row[j] = word === b[j - 1] ? diagonal + 1 : Math.max(above, row[j - 1]!);
      diagonal = above;
    }
  }
  return row[b.length]!;
}
