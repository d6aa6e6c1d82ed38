const BARS = '▁▂▃▄▅▆▇█';

/**
 * Numbers as a line of bars from the least to the greatest: `█▅▃▂▁`. More than `width` of them are brought down to
 * `width` means; what is no finite number is left out, and numbers that are all equal are bars of half the height.
 */
export function sparkline(values: readonly number[], width: number): string {
  const means = meansOf(values.filter(Number.isFinite), Math.max(0, Math.floor(width)));
  const least = means.reduce((a, b) => Math.min(a, b), Infinity);
  const greatest = means.reduce((a, b) => Math.max(a, b), -Infinity);
  // Halves, as the difference of the largest numbers there are would be infinite.
  const range = greatest / 2 - least / 2;
  // Equal, or as good as equal: half of the smallest number there is is 0.
  if (!(range > 0)) return '▄'.repeat(means.length);
  const height = (value: number) => (value / 2 - least / 2) / range;
  return means.map((value) => BARS[Math.min(7, Math.floor(8 * height(value)))]).join('');
}

/** At most `width` means over equal parts. */
function meansOf(values: readonly number[], width: number): readonly number[] {
  if (values.length <= width) return values;
  return Array.from({ length: width }, (_, i) => {
    const part = values.slice(
      Math.floor((i * values.length) / width),
      Math.floor(((i + 1) * values.length) / width),
    );
    return part.reduce((sum, value) => sum + value / part.length, 0);
  });
}
