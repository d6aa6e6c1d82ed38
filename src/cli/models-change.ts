import { importModel } from '../library/import.ts';
import { removeFromLibrary } from '../library/remove.ts';
import { fileSize } from './models-text.ts';
import { say } from './terminal.ts';

/** Removes a model or an encoder of the user's own. */
export async function remove(name: string): Promise<void> {
  const { paths, bytes, neededBy } = await removeFromLibrary(name);
  for (const path of paths) say(`removed ${path}`);
  say(`${fileSize(bytes)} are free`);
  if (neededBy.length > 0) say(`${neededBy.join(', ')} cannot caption without ${name}`);
}

/** Copies a model folder among the user's own. */
export async function importFrom(
  folder: string,
  flags: { name?: string; overwrite?: boolean },
): Promise<void> {
  const { name, path } = await importModel(folder, flags);
  say(`${path} is there`);
  say(`try it: caption --model ${name} photo.jpg`);
}
