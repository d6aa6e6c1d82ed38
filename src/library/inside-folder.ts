import { join, normalize } from 'node:path';
import { UserError } from '../errors.ts';

/**
 * The path of a file in a folder, where its name comes from a list or an archive that somebody else wrote:
 * `a/b.jpg` is fine, a name that leads out of the folder (or means another place on another system) is a
 * UserError. Only the text is looked at: links inside the folder are followed by whoever opens the path.
 */
export function insideFolder(folder: string, name: string): string {
  const flaw = flawOf(name);
  if (flaw !== undefined) {
    throw new UserError(
      `expected a file name that stays inside ${folder} but got ${JSON.stringify(name)}, which ${flaw}`,
      { hint: 'the list or archive that it comes from is broken or was made to do harm' },
    );
  }
  return join(folder, name);
}

function flawOf(name: string): string | undefined {
  if (name.includes('\0')) return 'holds a NUL';
  if (name.includes('\\')) return 'holds a backslash';
  if (name.startsWith('/') || /^[a-z]:/i.test(name)) return 'is absolute';
  if (name.split('/').includes('..')) return 'leads upwards';
  if (['.', './'].includes(normalize(name))) return 'names no file';
  return undefined;
}
