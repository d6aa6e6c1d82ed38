import { expect, test } from 'vitest';
import { compare, difference } from '../../scripts/lectures/one-hot-is-an-embedding.ts';

test('one-hot times a matrix is an embedding, and far slower', async () => {
  const { oneHot, embedding } = await compare({
    vocabulary: 1000,
    embeddingSize: 128,
    words: 500,
    seed: 1,
  });

  expect(embedding.loss).toBe(oneHot.loss);
  expect(oneHot.loss).toBeGreaterThan(100);
  expect(oneHot.gradient).toHaveLength(1000 * 128);
  expect(difference(oneHot.gradient, embedding.gradient)).toBeLessThan(1e-6);
  expect(oneHot.vectorsMs).toBeGreaterThan(3 * embedding.vectorsMs);
  expect(oneHot.bothMs).toBeGreaterThan(2 * embedding.bothMs);
});
