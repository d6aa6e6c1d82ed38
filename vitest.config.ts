import { defineConfig } from 'vitest/config';

/** A file for the results as JSON; .ci/run counts them. */
const results = process.env.TEST_RESULTS;

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/helpers/run-folder.ts',
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: results ? ['default', ['json', { outputFile: results }]] : ['default'],
  },
});
