import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Holds what several test files share; gone when the run is over. */
    runFolder: string;
  }
}

/** Makes the folder of this run of vitest. */
export default async function setup({ provide }: TestProject) {
  const folder = await mkdtemp(join(tmpdir(), 'caption-tests-'));
  provide('runFolder', folder);
  return () => rm(folder, { recursive: true });
}
