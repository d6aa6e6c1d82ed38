import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** A file for the results as JSON; .ci/run counts them. */
const results = process.env.TEST_RESULTS;

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    execArgv: ['--import', new URL('test/helpers/typescript-workers.mjs', import.meta.url).href],
    // Nobody's own models take part.
    env: { CAPTION_HOME: join(tmpdir(), 'caption-tests-have-no-home') },
    globalSetup: 'test/helpers/run-folder.ts',
    // A core each: most tests wait for a command that they have started.
    maxWorkers: availableParallelism(),
    // Modules are loaded once a worker, not once a file: a fifth of the time. Files undo what they change.
    isolate: false,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: results ? ['default', ['json', { outputFile: results }]] : ['default'],
  },
});
