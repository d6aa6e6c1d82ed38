import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, UserError } from '../errors.ts';
import { writeFileAtomic } from '../files/atomic.ts';
import { sha256 } from '../files/sha256.ts';
import type { NetworkDefinition } from '../vision/definition.ts';
import { encoderGraph, type NamedFile } from './encoder-graph.ts';
import { CARD } from './import.ts';
import { MANIFEST, type ModelFolder, START_FILE, STEP_FILE, VOCABULARY } from './model-folder.ts';

/** From the pixels of a photograph to the decoder's state before the first word (encoder-graph.ts). */
const ENCODER_FILE = 'encoder.onnx';

interface ExportOptions {
  /** The folder to write; files of the same names in it are replaced. */
  readonly to: string;
  /** The files of the encoder's networks, in the order of the model's definition. */
  readonly encoderFiles: readonly string[];
}

/**
 * Writes a model as a folder that needs none of this package: `encoder.onnx` and `decoder.onnx` run on any ONNX
 * Runtime, `vocabulary.json` has the words, `model.json` the settings of the search. It is a model folder too, which
 * `caption models import` takes back. Takes about as much memory as the networks' files.
 * @throws UserError where a file is not the one that the model was trained with, or can't become part of a graph
 */
export async function exportModel(model: ModelFolder, { to, encoderFiles }: ExportOptions): Promise<void> {
  const { encoder, decoder } = model.manifest;
  if (encoderFiles.length !== encoder.networks.length) {
    throw new UserError(
      `expected ${encoder.networks.length} files for encoder ${encoder.name} but got ${encoderFiles.length}`,
    );
  }
  const networks: NamedFile[] = [];
  for (const [i, network] of encoder.networks.entries()) {
    networks.push(await readNetwork(encoderFiles[i]!, network));
  }
  const start = { name: join(model.path, START_FILE), bytes: model.start };
  await writeFileAtomic(join(to, ENCODER_FILE), encoderGraph(encoder.networks, networks, decoder, start));
  // The manifest comes last: a folder that has it is whole.
  for (const file of [STEP_FILE, START_FILE, VOCABULARY, CARD, MANIFEST]) {
    const from = join(model.path, file);
    if (file !== CARD || existsSync(from)) await writeFileAtomic(join(to, file), await read(from));
  }
}

async function readNetwork(file: string, { sha256: expected }: NetworkDefinition): Promise<NamedFile> {
  const bytes = await read(file);
  const got = sha256(bytes);
  if (expected !== null && expected !== got) {
    throw new UserError(`expected ${file} to have SHA-256 ${expected} but got ${got}`, {
      hint: 'the file is damaged or another one than the model was trained with',
    });
  }
  return { name: file, bytes };
}

async function read(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new UserError(`cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}
