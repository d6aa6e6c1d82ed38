// Loaded ahead of everything in each process of vitest: tsx leaves worker threads alone, so that those which the
// sources start could not read TypeScript.
import { isMainThread } from 'node:worker_threads';

if (!isMainThread) {
  const { register } = await import('tsx/esm/api');
  register();
}
