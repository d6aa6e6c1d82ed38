import { stat } from 'node:fs/promises';
import { UserError } from '../errors.ts';
import { homeFolders } from '../files/home.ts';
import { CATALOGUE, type Catalogue, catalogueEntry } from './catalogue.ts';
import { download, mirrored } from './download.ts';
import { fileSha256 } from './file-sha256.ts';
import { insideFolder } from './inside-folder.ts';
import { unknownName } from './installed.ts';

export interface PullOptions {
  /** Address of a folder that holds a file of the same name; plain http will do, as the hash is checked. */
  readonly mirror?: string | undefined;
  /** Where the file goes: the user's own folder of networks. */
  readonly folder?: string;
  readonly catalogue?: Catalogue;
  readonly onProgress?: (received: number, total: number | undefined) => void;
  readonly signal?: AbortSignal;
}

export interface Pulled {
  readonly path: string;
  readonly bytes: number;
  /** Whether it was there before. */
  readonly already: boolean;
}

/** Gets a network of the catalogue into the user's own folder; what is there is never overwritten. */
export async function pull(name: string, options: PullOptions = {}): Promise<Pulled> {
  const { mirror, folder = homeFolders().encoders, catalogue = CATALOGUE, onProgress, signal } = options;
  const entry = catalogueEntry(name, catalogue);
  if (!entry) {
    const names = Object.keys(catalogue);
    throw unknownName(`one of ${names.join(', ')}`, name, names);
  }
  const { file, bytes, sha256 } = entry;
  const path = insideFolder(folder, file);
  const there = await stat(path).catch(() => undefined);
  if (there) {
    if (there.size === bytes && (await fileSha256(path, signal)) === sha256) {
      return { path, bytes, already: true };
    }
    throw new UserError(
      `expected ${path} to be the file that caption models pull ${name} gets but it is another`,
      {
        hint: `caption models remove ${name} makes room for it; --encoder-file goes on with yours from another place`,
      },
    );
  }
  await download({
    url: mirror === undefined ? entry.url : mirrored(entry.url, mirror),
    to: path,
    sha256,
    bytes,
    allowHttp: mirror?.startsWith('http:') ?? false,
    onProgress,
    signal,
    byHand: `get ${entry.url} on another machine and put it at ${path}, or name a mirror with --mirror`,
  });
  return { path, bytes, already: false };
}
