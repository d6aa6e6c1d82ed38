import { existsSync } from 'node:fs';
import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, UserError } from '../errors.ts';
import { temporaryName, writeFileAtomic } from '../files/atomic.ts';
import { ENCODERS } from '../vision/encoders.ts';
import { libraryFolders } from './installed.ts';
import { MANIFEST, modelNames, readModel, START_FILE, STEP_FILE, VOCABULARY } from './model-folder.ts';

/** What a person wrote about the model. */
export const CARD = 'card.md';

export interface ImportOptions {
  /** Its name in the library: that in its `model.json`. */
  readonly name?: string | undefined;
  /** Replaces a model of that name. */
  readonly overwrite?: boolean | undefined;
}

export interface Imported {
  readonly name: string;
  readonly path: string;
}

/**
 * Copies a model folder, as training or exporting writes it, into the user's own models: whole and verified, or not at all. What
 * else lies beside the model (a checkpoint, features, an exported encoder) stays behind.
 */
export async function importModel(
  from: string,
  options: ImportOptions = {},
  folders = libraryFolders(),
): Promise<Imported> {
  if (!existsSync(join(from, MANIFEST))) {
    throw new UserError(`expected a model folder but got ${from}, which has no ${MANIFEST}`);
  }
  const { manifest } = await readModel(from);
  const name = checkedName(options.name ?? manifest.name);
  if ((await modelNames(folders.shipped.models)).includes(name)) {
    throw new UserError(`expected a name of your own but got ${name}, which ships with caption`, {
      hint: 'choose another with --name',
    });
  }
  const to = join(folders.home.models, name);
  if (existsSync(to) && options.overwrite !== true) {
    throw new UserError(`expected a name that is free but there is a model ${name} at ${to}`, {
      hint: '--overwrite replaces it, --name gives this one another name',
    });
  }
  const copy = temporaryName(to);
  try {
    await copyModel(from, copy);
    await writeFileAtomic(join(copy, MANIFEST), `${JSON.stringify({ ...manifest, name }, null, 2)}\n`);
    // What was written is what will be used.
    await readModel(copy);
    await replace(copy, to);
  } catch (error) {
    await rm(copy, { recursive: true, force: true }).catch(() => undefined);
    if (error instanceof UserError) throw error;
    throw new UserError(`cannot import ${from} into ${to}: ${messageOf(error)}`, { cause: error });
  }
  return { name, path: to };
}

/** A name that is a folder's on every system and can't be taken for a path or an option. */
function checkedName(name: string): string {
  if (!/^[a-z0-9_][\w.-]*$/i.test(name) || name.endsWith('.')) {
    throw new UserError(
      `expected --name to be of letters, digits, -, _ and . (neither - nor . first) but got ${name || 'nothing'}`,
    );
  }
  if (ENCODERS.some((encoder) => encoder.name === name)) {
    throw new UserError(`expected --name to be a model's but got ${name}, which is an encoder's`);
  }
  return name;
}

async function copyModel(from: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true });
  await mkdir(to, { recursive: true });
  for (const file of [VOCABULARY, START_FILE, STEP_FILE]) await copyFile(join(from, file), join(to, file));
  if (existsSync(join(from, CARD))) await copyFile(join(from, CARD), join(to, CARD));
}

/** Gives a folder its name, in place of the one that has it now, which keeps it if that fails. */
async function replace(folder: string, to: string): Promise<void> {
  const old = temporaryName(`${to}.old`);
  await rm(old, { recursive: true, force: true });
  if (existsSync(to)) await rename(to, old);
  try {
    await rename(folder, to);
  } catch (error) {
    if (existsSync(old)) await rename(old, to);
    throw error;
  }
  await rm(old, { recursive: true, force: true });
}
