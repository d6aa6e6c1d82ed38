import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.ts';
import { catalogueEntry } from '../library/catalogue.ts';
import { inspectEncoderFile } from '../library/encoder-file.ts';
import { CARD } from '../library/import.ts';
import {
  findInLibrary,
  type InstalledModel,
  type KnownEncoder,
  libraryFolders,
  ships,
} from '../library/installed.ts';
import { readModel } from '../library/model-folder.ts';
import type { NetworkDefinition, Preprocessing } from '../vision/definition.ts';
import { networkFile } from '../vision/encoders.ts';
import type { EncoderFileFlags } from './models.ts';
import { fileSize, table } from './models-text.ts';
import { print } from './terminal.ts';

type Row = readonly [label: string, text: string];

/** Prints everything about a model or an encoder. */
export async function tellAbout(name: string, { encoderFile }: EncoderFileFlags): Promise<void> {
  const found = await findInLibrary(name);
  if (found.kind === 'model' && encoderFile !== undefined) {
    throw new UserError(`expected --encoder-file together with an encoder but got the model ${name}`);
  }
  if (found.kind === 'encoder' && encoderFile !== undefined && found.files.length > 1) {
    throw new UserError(
      `expected --encoder-file together with an encoder of one network but ${name} has ${found.files.length}`,
    );
  }
  const rows = found.kind === 'model' ? await modelRows(found) : await encoderRows(found, encoderFile);
  for (const line of table(rows)) print(line);
}

async function modelRows({ name, path, bytes }: InstalledModel): Promise<Row[]> {
  const { manifest, vocabulary } = await readModel(path);
  const { encoder, decoder, decoding, training, scores = {} } = manifest;
  const { cell, mode, layers, embeddingSize: E, hiddenSize: H } = decoder;
  const card = join(path, CARD);
  return [
    ['name', manifest.name === name ? name : `${name} (calls itself ${manifest.name})`],
    ['kind', 'model'],
    ['folder', `${path}${shipsWords(path)}`],
    ['size', fileSize(bytes)],
    ['encoder', encoder.name],
    ...encoder.networks.flatMap(networkRows),
    ['F', `${encoder.featureSize}`],
    ['decoder', `${cell}, ${mode}, layers ${layers}, E ${E}, H ${H}, F ${decoder.featureSize}`],
    ['vocabulary', `${vocabulary.size.toLocaleString('en')} words`],
    ['decoding', words(decoding)],
    ...Object.entries(training).map(([key, value]): Row => [`training ${key}`, words(value)]),
    ...Object.entries(scores).map(([key, value]): Row => [`scores ${key}`, words(value)]),
    ...Object.entries(manifest.files).map(([file, hash]): Row => [file, `SHA-256 ${hash}`]),
    ['card', existsSync(card) ? card : 'none'],
  ];
}

/** Of a network as a model knows it: whether its file is there, and how pictures are prepared for it. */
function networkRows({ file, sha256, preprocessing, features, featureSize, l2 }: NetworkDefinition): Row[] {
  const { shipped, home } = libraryFolders();
  const path = networkFile(file, [shipped.encoders, home.encoders]);
  return [
    ['network', path ?? `${file}, which is not installed`],
    ...(sha256 === null ? [] : [['  SHA-256', sha256] as const]),
    ['  pictures', preprocessingInWords(preprocessing)],
    ['  feature', featureInWords(features, featureSize, l2)],
  ];
}

async function encoderRows(
  { name, definition, files }: KnownEncoder,
  encoderFile: string | undefined,
): Promise<Row[]> {
  const entry = catalogueEntry(name);
  const networks = definition.networks.map((network, i) => {
    const path = encoderFile ?? files[i]?.path;
    return path === undefined ? notInstalledRows(network) : fileRows(network, path, entry?.sha256);
  });
  return [
    ['name', name],
    ['kind', 'encoder'],
    ['description', definition.description],
    ['F', `${definition.featureSize}`],
    ...(await Promise.all(networks)).flat(),
    ...(entry
      ? ([
          ['published', entry.url],
          ['  size', `${fileSize(entry.bytes)} (${entry.bytes} bytes)`],
          ['  SHA-256', entry.sha256],
          ['  source', entry.source],
        ] as const)
      : []),
  ];
}

function notInstalledRows({
  file,
  input,
  preprocessing,
  features,
  featureSize,
  l2,
}: NetworkDefinition): Row[] {
  const { home } = libraryFolders();
  return [
    ['network', `not installed; its place is ${join(home.encoders, file)}`],
    ['  input', input.name],
    ['  pictures', preprocessingInWords(preprocessing)],
    ['  feature', featureInWords(features, featureSize, l2)],
  ];
}

async function fileRows(
  network: NetworkDefinition,
  path: string,
  published: string | undefined,
): Promise<Row[]> {
  const { features, featureSize, l2, preprocessing } = network;
  const { bytes, sha256, inputs, feature } = await inspectEncoderFile(path, network);
  const known = network.sha256 ?? published;
  const same = known === undefined ? '' : sha256 === known ? ', as it should be' : `, not ${known}`;
  const quantised = feature?.quantised ? ', from its 8-bit numbers' : '';
  return [
    ['network', `${path}${shipsWords(path)}`],
    ['  size', fileSize(bytes)],
    ['  SHA-256', `${sha256}${same}`],
    ...inputs.map(({ name, type, dims }): Row => ['  input', `${name} ${type} [${dims.join(',')}]`]),
    ['  pictures', preprocessingInWords(preprocessing)],
    [
      '  feature',
      feature
        ? `${featureInWords([feature.name], featureSize, l2)}${quantised} (known names: ${features.join(', ')})`
        : `none of the known tensors (${features.join(', ')}): it can't be used`,
    ],
  ];
}

function shipsWords(path: string): string {
  return ships(path, libraryFolders()) ? ' (ships with caption)' : '';
}

function featureInWords(tensors: readonly string[], size: number, l2: number | null): string {
  return `${tensors.join(' or ')}, ${size} numbers${l2 === null ? '' : `, scaled to length ${l2}`}`;
}

function preprocessingInWords({ resize, size, channels, scale, mean, std }: Preprocessing): string {
  const square = `${size}x${size}`;
  const cut =
    resize.kind === 'squash'
      ? `the whole picture squashed to ${square}`
      : `short side to ${resize.shortSide}, centre ${square}`;
  const scaled = scale === 1 ? 'value' : `value x ${Number(scale.toPrecision(4))}`;
  return `${cut}, ${channels}, (${scaled} - [${mean.join(' ')}]) / [${std.join(' ')}]`;
}

/** A value of model.json on one line: `beam 3, minLength 1`. */
function words(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([key, part]) => `${key} ${typeof part === 'object' ? JSON.stringify(part) : part}`)
    .join(', ');
}
