import { lstat, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, UserError } from '../errors.ts';
import { temporaryName } from '../files/atomic.ts';
import type { EncoderDefinition } from '../vision/definition.ts';
import {
  findInLibrary,
  type InstalledModel,
  installedModels,
  isOwn,
  type LibraryFolders,
  libraryFolders,
  ships,
} from './installed.ts';

export interface Removed {
  /** A model's folder, or files of networks. */
  readonly paths: readonly string[];
  readonly bytes: number;
  /** Models that can't caption any more without what was removed. */
  readonly neededBy: readonly string[];
}

/** Removes a model, or the networks of an encoder, from the user's own folders. What ships stays. */
export async function removeFromLibrary(name: string, folders = libraryFolders()): Promise<Removed> {
  const found = await findInLibrary(name, folders);
  if (found.kind === 'model') return removeModel(found, folders);
  const own = await ownFiles(found.definition, folders.home.encoders);
  if (own.length > 0) return removeNetworks(found.definition, own, folders);
  const [there] = found.files;
  if (there) throw notOwn(name, there.path, folders);
  throw new UserError(`expected an encoder that is installed but got ${name}, which is not`);
}

async function removeModel({ name, path, bytes }: InstalledModel, folders: LibraryFolders): Promise<Removed> {
  if (!isOwn(path, folders)) throw notOwn(name, path, folders);
  // Under a hidden name first, so that a model is never there in part.
  const hidden = temporaryName(path);
  await removing(path, async () => {
    await rm(hidden, { recursive: true, force: true });
    await rename(path, hidden);
    await rm(hidden, { recursive: true });
  });
  return { paths: [path], bytes, neededBy: [] };
}

interface OwnFile {
  readonly path: string;
  readonly bytes: number;
}

async function removeNetworks(
  { networks }: EncoderDefinition,
  own: readonly OwnFile[],
  folders: LibraryFolders,
): Promise<Removed> {
  for (const { path } of own) await removing(path, () => rm(path));
  const files = networks.map(({ file }) => file);
  const orphans = (await installedModels(folders)).filter(
    ({ manifest }) =>
      !(manifest instanceof UserError) && manifest.encoder.networks.some(({ file }) => files.includes(file)),
  );
  return {
    paths: own.map(({ path }) => path),
    bytes: own.reduce((sum, { bytes }) => sum + bytes, 0),
    neededBy: orphans.map(({ name }) => name),
  };
}

/** The networks of an encoder in the user's folder, and what unfinished downloads of them have left (`<file>.part`). */
async function ownFiles({ networks }: EncoderDefinition, folder: string): Promise<OwnFile[]> {
  const entries = await readdir(folder).catch(() => []);
  const names = entries.filter((entry) =>
    networks.some(({ file }) => entry === file || entry.startsWith(`${file}.part`)),
  );
  return Promise.all(
    names.map(async (name) => ({ path: join(folder, name), bytes: (await lstat(join(folder, name))).size })),
  );
}

function notOwn(name: string, path: string, folders: LibraryFolders): UserError {
  return ships(path, folders)
    ? new UserError(`expected a model or encoder of your own but got ${name}, which ships with caption`)
    : new UserError(`expected a name from caption models list but got the folder ${path}`, {
        hint: 'only what was pulled or imported is removed; other folders are yours to remove',
      });
}

async function removing(path: string, action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    throw new UserError(`cannot remove ${path}: ${messageOf(error)}`, { cause: error });
  }
}
