import { defineConfig } from 'vitest/config';

/** A file for the results as JSON; .ci/run counts them. */
const results = process.env.TEST_RESULTS;

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    execArgv: ['--import', new URL('test/helpers/typescript-workers.mjs', import.meta.url).href],
    globalSetup: 'test/helpers/run-folder.ts',
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: results ? ['default', ['json', { outputFile: results }]] : ['default'],
  },
});
