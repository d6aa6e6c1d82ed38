// Loaded before the command (`--import`): where root runs the tests, as in containers, `unreadable.jpg` is opened
// by a user whom permissions bind, and only this file: that user may not be able to read the command itself.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const NOBODY = 65534;
const { open } = fs.promises;

if (process.geteuid() === 0) {
  fs.promises.open = async (path, ...rest) => {
    if (!String(path).endsWith('unreadable.jpg')) return open(path, ...rest);
    process.seteuid(NOBODY);
    try {
      return await open(path, ...rest);
    } finally {
      process.seteuid(0);
    }
  };
  syncBuiltinESMExports();
}
