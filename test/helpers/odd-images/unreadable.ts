import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jpeg, type OddImage, refused } from './odd-image.ts';

/** An image without permission to read it. */
const UNREADABLE: OddImage = {
  file: 'unreadable.jpg',
  kind: 'unreadable permission',
  outcome: refused('cannot read it: permission denied'),
};

/** A user that owns nothing; by tradition it is called nobody. */
const NOBODY = 65534;

/** Writes it into a folder. Not one of `writeOddImages`: root may read it all the same, see `withoutPrivileges`. */
export async function writeUnreadable(folder: string): Promise<OddImage> {
  await writeFile(join(folder, UNREADABLE.file), await jpeg(), { mode: 0 });
  return UNREADABLE;
}

/** Does something as a user whom permissions bind: root, as whom tests run in containers, is nobody for so long. */
export async function withoutPrivileges<Result>(work: () => Promise<Result>): Promise<Result> {
  if (process.geteuid!() !== 0) return work();
  process.seteuid!(NOBODY);
  try {
    return await work();
  } finally {
    process.seteuid!(0);
  }
}
