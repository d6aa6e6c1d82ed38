import { existsSync } from 'node:fs';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../errors.ts';
import { type HomeFolders, homeFolders } from '../files/home.ts';
import type { EncoderDefinition } from '../vision/definition.ts';
import { ENCODERS, networkFile, SHIPPED_NETWORKS } from '../vision/encoders.ts';
import { type Manifest, parseManifest } from './manifest.ts';
import { findModel, MANIFEST, modelNames, SHIPPED_MODELS } from './model-folder.ts';
import { nearest } from './nearest.ts';

/** The folders of the library: what ships with this package, and the user's own. */
export interface LibraryFolders {
  readonly shipped: HomeFolders;
  readonly home: HomeFolders;
}

export function libraryFolders(): LibraryFolders {
  return { shipped: { encoders: SHIPPED_NETWORKS, models: SHIPPED_MODELS }, home: homeFolders() };
}

/** A model folder, whole or not. */
export interface InstalledModel {
  readonly kind: 'model';
  /** What `--model` calls it. */
  readonly name: string;
  readonly path: string;
  /** Of all files in the folder. */
  readonly bytes: number;
  /** Its `model.json`, or what keeps it from being read. */
  readonly manifest: Manifest | UserError;
}

/** An encoder by name, installed or not. */
export interface KnownEncoder {
  readonly kind: 'encoder';
  readonly name: string;
  readonly definition: EncoderDefinition;
  /** The file of each network, in order; null where it isn't there. */
  readonly files: readonly (NetworkFile | null)[];
}

interface NetworkFile {
  readonly path: string;
  readonly bytes: number;
}

/** The models that ship, then the user's own. */
export async function installedModels(folders = libraryFolders()): Promise<InstalledModel[]> {
  const models: InstalledModel[] = [];
  for (const place of [folders.shipped.models, folders.home.models]) {
    for (const name of await modelNames(place)) {
      // A model of the user's with the name of one that ships can't be asked for by that name.
      if (!models.some((model) => model.name === name)) models.push(await modelAt(join(place, name), name));
    }
  }
  return models;
}

/** Every encoder that has a name. */
export async function knownEncoders(folders = libraryFolders()): Promise<KnownEncoder[]> {
  return Promise.all(
    ENCODERS.map(async (definition): Promise<KnownEncoder> => {
      const { name, networks } = definition;
      const files = networks.map(async ({ file }) => {
        const path = networkFile(file, [folders.shipped.encoders, folders.home.encoders]);
        return path === undefined ? null : { path, bytes: (await lstatOf(path))?.size ?? 0 };
      });
      return { kind: 'encoder', name, definition, files: await Promise.all(files) };
    }),
  );
}

/** The encoder or model of that name, or the model in that folder; a UserError names the nearest known name. */
export async function findInLibrary(
  nameOrPath: string,
  folders = libraryFolders(),
): Promise<InstalledModel | KnownEncoder> {
  const known = [...(await knownEncoders(folders)), ...(await installedModels(folders))];
  const found = known.find(({ name }) => name === nameOrPath);
  if (found) return found;
  const names = known.map(({ name }) => name);
  try {
    const path = await findModel(nameOrPath, [folders.shipped.models, folders.home.models]);
    return await modelAt(path, basename(path));
  } catch (error) {
    throw unknownName('a model, an encoder or a model folder', nameOrPath, names, error);
  }
}

/** What to say about a name that nobody knows. */
export function unknownName(
  expected: string,
  got: string,
  names: readonly string[],
  cause?: unknown,
): UserError {
  const meant = nearest(got, names);
  const hint = meant === undefined ? `known are ${names.join(', ')}` : `did you mean ${meant}?`;
  return new UserError(`expected ${expected} but got ${got}`, { hint, cause });
}

/** Whether a path lies directly in the user's own folders. */
export function isOwn(path: string, { home }: LibraryFolders): boolean {
  return [home.encoders, home.models].includes(dirname(path));
}

/** Whether a path lies directly in the folders of this package. */
export function ships(path: string, { shipped }: LibraryFolders): boolean {
  return [shipped.encoders, shipped.models].includes(dirname(path));
}

/** Whether an encoder's networks are all there. */
export function isInstalled({ files }: KnownEncoder): boolean {
  return !files.includes(null);
}

/** Bytes of the networks of an encoder that are there. */
export function encoderBytes({ files }: KnownEncoder): number {
  return files.reduce((sum, file) => sum + (file?.bytes ?? 0), 0);
}

async function modelAt(path: string, name: string): Promise<InstalledModel> {
  const file = join(path, MANIFEST);
  const bytes = await bytesIn(path);
  try {
    return { kind: 'model', name, path, bytes, manifest: parseManifest(await readFile(file, 'utf8'), file) };
  } catch (error) {
    if (error instanceof UserError) return { kind: 'model', name, path, bytes, manifest: error };
    throw error;
  }
}

async function bytesIn(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const stats = await Promise.all(names.map((name) => lstatOf(join(folder, name))));
  return stats.reduce((sum, stat) => sum + (stat?.isFile() ? stat.size : 0), 0);
}

function lstatOf(path: string) {
  return existsSync(path) ? lstat(path) : undefined;
}
