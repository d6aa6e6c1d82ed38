import { UserError } from '../errors.ts';
import { catalogueEntry } from '../library/catalogue.ts';
import {
  encoderBytes,
  type InstalledModel,
  installedModels,
  isInstalled,
  type KnownEncoder,
  knownEncoders,
  libraryFolders,
  ships,
} from '../library/installed.ts';
import { type MeasuredCider, measuredCiders } from '../library/scores.ts';
import { fileSize, table } from './models-text.ts';
import { print } from './terminal.ts';

/** One line of the list; this is also its JSON. */
interface Listed {
  readonly name: string;
  readonly kind: 'model' | 'encoder';
  readonly installed: boolean;
  /** On this disk, or to be pulled; null where that is not known. */
  readonly bytes: number | null;
  /** What a model sees with. */
  readonly encoder: string | null;
  readonly ciders: readonly MeasuredCider[];
  readonly ships: boolean;
  /** A model's folder, or the files of an encoder's networks that are there. */
  readonly paths: readonly string[];
  /** What is wrong with it, or how to get it. */
  readonly note: string | null;
}

/** Prints every model and encoder that is installed or known. */
export async function listLibrary({ json }: { json?: boolean }): Promise<void> {
  const models = (await installedModels()).map(listedModel);
  const listed = [...models, ...(await knownEncoders()).map(listedEncoder)];
  if (json) {
    print(JSON.stringify(listed));
    return;
  }
  const head = ['name', 'kind', 'size', 'encoder', 'CIDEr', 'where'];
  for (const line of table([head, ...listed.map(cells)])) print(line);
}

function listedModel({ name, path, bytes, manifest }: InstalledModel): Listed {
  const broken = manifest instanceof UserError;
  return {
    name,
    kind: 'model',
    installed: true,
    bytes,
    encoder: broken ? null : manifest.encoder.name,
    ciders: broken ? [] : measuredCiders(manifest),
    ships: ships(path, libraryFolders()),
    paths: [path],
    note: broken ? manifest.message : null,
  };
}

function listedEncoder(encoder: KnownEncoder): Listed {
  const { name, files } = encoder;
  const installed = isInstalled(encoder);
  const entry = catalogueEntry(name);
  const paths = files.flatMap((file) => (file ? [file.path] : []));
  return {
    name,
    kind: 'encoder',
    installed,
    bytes: installed ? encoderBytes(encoder) : (entry?.bytes ?? null),
    encoder: null,
    ciders: [],
    ships: installed && paths.every((path) => ships(path, libraryFolders())),
    paths,
    note: installed ? null : entry ? `not installed: caption models pull ${name}` : 'not installed: by hand',
  };
}

function cells({ name, kind, bytes, encoder, ciders, ships, paths, note }: Listed): string[] {
  const [cider] = ciders;
  const score = cider ? `${cider.value.toFixed(3)} ${cider.on}`.trim() : '';
  const size = bytes === null ? '' : fileSize(bytes);
  return [name, kind, size, encoder ?? '', score, note ?? (ships ? 'ships' : paths.join(', '))];
}
