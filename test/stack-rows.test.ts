import { expect, test } from 'vitest';
import { stackRows } from '../src/stack-rows.ts';

test('vectors one below the other', () => {
  const rows = [Float32Array.of(1, 2), Float32Array.of(3, 4), Float32Array.of(5, 6)];
  expect(stackRows(rows, 2)).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
  expect(stackRows([], 2)).toEqual(new Float32Array(0));
});

test('vectors of other lengths are a bug', () => {
  expect(() => stackRows([Float32Array.of(1, 2), Float32Array.of(3)], 2)).toThrow(
    'internal: stackRows: expected rows of 2 numbers but row 1 has 1',
  );
});
