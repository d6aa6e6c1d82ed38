// Loaded ahead of a command that a script runs: with the script it ends, also where that was killed. Otherwise two
// runs could write to one folder.
import { isMainThread } from 'node:worker_threads';

if (isMainThread && process.channel) {
  process.on('disconnect', () => process.exit(1));
  process.channel.unref();
}
