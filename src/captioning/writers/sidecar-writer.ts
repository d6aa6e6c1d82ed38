import { readFile, stat } from 'node:fs/promises';
import { InternalError, messageOf, UserError } from '../../errors.ts';
import { writeFileAtomic } from '../../files/atomic.ts';
import type { Existing } from './existing.ts';
import type { SidecarFormat } from './sidecar-format.ts';
import { singleSpaced } from './txt.ts';
import type { CaptionedPhoto, CaptionWriter } from './writer.ts';

interface SidecarOptions {
  readonly format: SidecarFormat;
  /** Image path -> sidecar path; see `sidecarPaths`. */
  readonly paths: ReadonlyMap<string, string>;
  readonly existing: Existing;
}

/** Writes the best caption of each photograph into a file of its own. */
export class SidecarWriter implements CaptionWriter {
  readonly #options: SidecarOptions;

  constructor(options: SidecarOptions) {
    this.#options = options;
  }

  async has(path: string): Promise<boolean> {
    const { caption } = await this.#read(this.#sidecarOf(path));
    return this.#options.existing === 'skip' && caption !== undefined;
  }

  async write({ path, captions }: CaptionedPhoto): Promise<void> {
    const { format, existing } = this.#options;
    const sidecar = this.#sidecarOf(path);
    const caption = singleSpaced(captions[0]?.text ?? '');
    if (caption === '') {
      throw new UserError(`expected a caption for ${path} but got one without words`, {
        hint: 'a sidecar file is never empty: ask for --min-length 1 or more',
      });
    }
    const old = await this.#read(sidecar);
    const text = combined(old.caption, caption, existing);
    if (text === old.caption && existing !== 'overwrite') return;
    try {
      await writeFileAtomic(sidecar, format.write(old.contents, text));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      throw new UserError(error.message, {
        hint: 'the captions written so far are kept; mend this and give the same command again',
        cause: error,
      });
    }
  }

  async close(): Promise<void> {}

  /** What is in a sidecar; nothing where it doesn't exist or is empty. */
  async #read(sidecar: string): Promise<{ contents?: string; caption?: string | undefined }> {
    try {
      const contents = await readText(sidecar);
      if (contents === undefined || contents.trim() === '') return {};
      return { contents, caption: this.#options.format.read(contents) };
    } catch (error) {
      if (error instanceof InternalError) throw error;
      throw new UserError(`cannot read ${sidecar}: ${messageOf(error)}`, {
        hint: 'the file was left as it is: mend it, or move it away',
        cause: error,
      });
    }
  }

  #sidecarOf(path: string): string {
    const sidecar = this.#options.paths.get(path);
    if (sidecar === undefined) throw new InternalError(`no sidecar path for ${path}`);
    return sidecar;
  }
}

/**
 * What is to stand in the sidecar. The old text alone where it holds the caption in that place already: a run
 * that was killed is given again, and adds nothing twice.
 */
function combined(old: string | undefined, caption: string, existing: Existing): string {
  if (old === undefined || old === caption) return caption;
  switch (existing) {
    case 'append':
      return old.endsWith(` ${caption}`) ? old : `${old} ${caption}`;
    case 'prepend':
      return old.startsWith(`${caption} `) ? old : `${caption} ${old}`;
    case 'skip':
      // It came after `has` was asked: another process is at the same photographs.
      return old;
    case 'overwrite':
      return caption;
  }
}

async function readText(path: string): Promise<string | undefined> {
  let bytes: Uint8Array;
  try {
    // Of a pipe nothing is read: it might never end.
    if (!(await stat(path)).isFile()) throw new UserError('expected a file but got a folder, pipe or device');
    bytes = await readFile(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    // Below a file there are no others: writing will say so.
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new UserError('expected text in UTF-8 but got other bytes', { cause: error });
  }
}
