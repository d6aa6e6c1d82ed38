import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startGraph, stepGraph } from '../decoder/graphs.ts';
import { messageOf, UserError } from '../errors.ts';
import { writeFileAtomic } from '../files/atomic.ts';
import { homeFolders } from '../files/home.ts';
import { sha256 } from '../files/sha256.ts';
import { emitOnnx } from '../onnx/emit.ts';
import { parseVocabulary, type Vocabulary } from '../text/vocabulary.ts';
import { type Manifest, parseManifest } from './manifest.ts';

/** Model folders that ship with the package; the same path from src/library and dist/library. */
export const SHIPPED_MODELS = fileURLToPath(new URL('../../models', import.meta.url));

/** The decoder's two graphs (decoder/graphs.ts). */
export const START_FILE = 'start.onnx';
export const STEP_FILE = 'decoder.onnx';
export const VOCABULARY = 'vocabulary.json';
/** A folder that holds this file is a model; it is written last. */
export const MANIFEST = 'model.json';

/** A model as read from its folder: vocabulary, weights and preprocessing that belong together. */
export interface ModelFolder {
  readonly path: string;
  readonly manifest: Manifest;
  readonly vocabulary: Vocabulary;
  /** ONNX bytes of the decoder's two graphs (decoder/graphs.ts). */
  readonly start: Uint8Array;
  readonly step: Uint8Array;
}

/** Where models are looked for by name, in this order: in this package, then in the user's own folder. */
function modelFolders(): readonly string[] {
  return [SHIPPED_MODELS, homeFolders().models];
}

/**
 * The folder of a model given by name (one that ships or is the user's own, or lies in `places`) or by path; a
 * UserError lists the known names.
 */
export async function findModel(
  nameOrPath: string,
  places: readonly string[] = modelFolders(),
): Promise<string> {
  // A path such as ../mine starts where the user is, never at the models that ship.
  const isName = basename(nameOrPath) === nameOrPath && !['.', '..'].includes(nameOrPath);
  const candidates = [...(isName ? places.map((place) => join(place, nameOrPath)) : []), resolve(nameOrPath)];
  const found = candidates.find((folder) => existsSync(join(folder, MANIFEST)));
  if (found !== undefined) return found;
  const known = new Set((await Promise.all(places.map(modelNames))).flat());
  throw new UserError(
    `expected a model to be ${[...known].join(', ') || 'a name'} or a model folder but got ${nameOrPath}`,
    {
      hint: `a model folder holds ${MANIFEST}, ${VOCABULARY}, ${START_FILE} and ${STEP_FILE}`,
    },
  );
}

/** Names of the models in a folder, in alphabetical order; none where there is no such folder. */
export async function modelNames(place: string): Promise<string[]> {
  const entries = await readdir(place).catch(() => []);
  // Hidden ones are on their way in or out.
  return entries.filter((name) => !name.startsWith('.') && existsSync(join(place, name, MANIFEST))).sort();
}

/** Reads a model folder and verifies that its files are the ones it was written with. */
export async function readModel(path: string): Promise<ModelFolder> {
  const manifest = parseManifest((await read(path, MANIFEST)).toString('utf8'), join(path, MANIFEST));
  const verified = async (file: string) => {
    const bytes = await read(path, file);
    if (manifest.files[file] !== sha256(bytes)) {
      throw new UserError(`${join(path, file)} is not the file that ${MANIFEST} describes`, {
        hint: 'vocabulary and weights belong together: restore the whole folder from one copy',
      });
    }
    return bytes;
  };
  const [words, start, step] = await Promise.all([
    verified(VOCABULARY),
    verified(START_FILE),
    verified(STEP_FILE),
  ]);
  const vocabulary = parseVocabulary(words.toString('utf8'), join(path, VOCABULARY), manifest.tokenizer);
  if (vocabulary.size !== manifest.decoder.vocabularySize) {
    throw new UserError(
      `expected ${join(path, VOCABULARY)} to have ${manifest.decoder.vocabularySize} words but got ${vocabulary.size}`,
    );
  }
  if (manifest.encoder.featureSize !== manifest.decoder.featureSize) {
    throw new UserError(
      `${join(path, MANIFEST)}: the encoder gives ${manifest.encoder.featureSize} numbers but the decoder takes ${manifest.decoder.featureSize}`,
    );
  }
  return { path, manifest, vocabulary, start, step };
}

/** Writes a model folder from trained weights; `model.json` comes last, so a folder that has it is whole. */
export async function writeModel(
  path: string,
  manifest: Omit<Manifest, 'formatVersion' | 'files' | 'tokenizer'>,
  vocabulary: Vocabulary,
  weights: ReadonlyMap<string, Float32Array>,
): Promise<void> {
  const { decoder } = manifest;
  const contents: Record<string, Uint8Array> = {
    [VOCABULARY]: Buffer.from(`${JSON.stringify(vocabulary, null, 0)}\n`),
    [START_FILE]: emitOnnx(startGraph(decoder), {
      name: 'start',
      description: 'image feature -> state before the first word',
      weights,
    }),
    [STEP_FILE]: emitOnnx(stepGraph(decoder), {
      name: 'step',
      description: 'last word and state -> log-probabilities of the next word and next state',
      weights,
    }),
  };
  for (const [file, bytes] of Object.entries(contents)) await writeFileAtomic(join(path, file), bytes);
  const files = Object.fromEntries(Object.entries(contents).map(([file, bytes]) => [file, sha256(bytes)]));
  const { tokenizer } = vocabulary;
  const whole: Manifest = {
    formatVersion: 1,
    ...manifest,
    ...(tokenizer !== 'word' && { tokenizer }),
    files,
  };
  await writeFileAtomic(join(path, MANIFEST), `${JSON.stringify(whole, null, 2)}\n`);
}

async function read(folder: string, file: string): Promise<Buffer> {
  try {
    return await readFile(join(folder, file));
  } catch (error) {
    throw new UserError(`cannot read ${join(folder, file)}: ${messageOf(error)}`, { cause: error });
  }
}
