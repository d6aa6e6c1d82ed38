import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sparkline } from '../../src/cli/sparkline.ts';

test('from the least to the greatest', () => {
  expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8)).toBe('▁▂▃▄▅▆▇█');
  expect(sparkline([4.1, 3, 2.9, 2.8], 80)).toBe('█▂▁▁');
  expect(sparkline([-1, 1], 80)).toBe('▁█');
});

test('more values than columns are means', () => {
  expect(sparkline([0, 2, 7, 9], 2)).toBe('▁█');
  expect(sparkline([0, 0, 0, 8, 8, 8, 4, 4, 4], 3)).toBe('▁█▅');
  expect(
    sparkline(
      Array.from({ length: 1000 }, (_, i) => i),
      8,
    ),
  ).toBe('▁▂▃▄▅▆▇█');
});

test('nothing, one value, equal ones, and what is no number', () => {
  expect(sparkline([], 10)).toBe('');
  expect(sparkline([1, 2], 0)).toBe('');
  expect(sparkline([3], 10)).toBe('▄');
  expect(sparkline([2, 2, 2], 10)).toBe('▄▄▄');
  expect(sparkline([0, 5e-324], 10)).toBe('▄▄');
  expect(sparkline([1, Number.NaN, 2, Infinity], 10)).toBe('▁█');
});

test('any numbers make bars, as many as there is room for', () => {
  const numbers = fc.array(fc.oneof(fc.double(), fc.constantFrom(1e308, -1.7e308, 5e-324, 0)));
  fc.assert(
    fc.property(numbers, fc.integer({ min: 0, max: 20 }), (values, width) => {
      const bars = sparkline(values, width);
      expect(bars).toMatch(/^[▁-█]*$/);
      expect(bars).toHaveLength(Math.min(width, values.filter(Number.isFinite).length));
    }),
  );
});
