import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileSize } from '../../src/cli/models-text.ts';
import { progress } from '../../src/cli/terminal.ts';
import { UserError } from '../../src/errors.ts';
import { writeFileAtomic } from '../../src/files/atomic.ts';
import { type DownloadOptions, download, mirrored } from '../../src/library/download.ts';
import type { Archive } from './sources.ts';

type Fetching = Pick<DownloadOptions, 'backoff' | 'signal'> & {
  /** Address of a folder that holds an archive of the same name; plain http will do, as the hash is checked. */
  readonly server?: string;
};

/**
 * Gets the caption files of an archive into a folder, unless it has them: the archive is fetched, checked by its
 * hash, unpacked and removed. A file beside them says which archive they come from, once all are there.
 */
export async function getAnnotations(archive: Archive, folder: string, fetching: Fetching): Promise<void> {
  if (await hasAnnotations(archive, folder)) return;
  const { server, ...options } = fetching;
  const name = nameOf(archive);
  const zip = join(folder, name);
  await download({
    ...options,
    url: server === undefined ? archive.url : mirrored(archive.url, server),
    to: zip,
    sha256: archive.sha256,
    allowHttp: true,
    byHand: `get ${archive.url} on another machine and put it at ${zip}, or name a mirror with --annotation-server`,
    onProgress: (received, total = archive.bytes) =>
      progress(`${name}: ${fileSize(received)} of ${fileSize(total)}`),
  });
  const { unzipFiles } = await import('./unzip.ts');
  await unzipFiles(zip, archive.files, folder);
  await writeFileAtomic(originOf(archive, folder), `${archive.sha256}\n`);
  await rm(zip);
}

/**
 * Whether the caption files of an archive are in a folder.
 *
 * @throws {UserError} when they come from another archive of that name
 */
export async function hasAnnotations(archive: Archive, folder: string): Promise<boolean> {
  const origin = originOf(archive, folder);
  const sha256 = await readFile(origin, 'utf8').catch(() => undefined);
  if (sha256 === undefined) return false;
  if (sha256.trim() !== archive.sha256) {
    throw new UserError(
      `expected ${folder} to hold the captions of the archive ${archive.sha256} but got those of ${sha256.trim()}`,
      { hint: `name another folder with --work, or remove ${folder}` },
    );
  }
  return archive.files.every((file) => existsSync(join(folder, file)));
}

/**
 * The paths of annotation files in a folder that has them already, or in `annotations` inside it; their names may
 * lack the year.
 */
export function findAnnotations(folder: string, files: readonly string[]): string[] {
  return files.map((file) => {
    const names = [file, file.replace(/20\d\d/, '')];
    const paths = [folder, join(folder, 'annotations')].flatMap((place) =>
      names.map((name) => join(place, name)),
    );
    const found = paths.find((path) => existsSync(path));
    if (found !== undefined) return found;
    throw new UserError(`expected ${file} in ${folder} but there is none`, {
      hint: 'name the folder that holds it with --annotations, or leave that out to fetch it',
    });
  });
}

function nameOf(archive: Archive): string {
  return new URL(archive.url).pathname.split('/').at(-1)!;
}

function originOf(archive: Archive, folder: string): string {
  return join(folder, `${nameOf(archive)}.sha256`);
}
