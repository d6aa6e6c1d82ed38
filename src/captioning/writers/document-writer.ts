import { chmod, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf, UserError } from '../../errors.ts';
import { temporaryName } from '../../files/atomic.ts';
import { DocumentFile } from './document-file.ts';
import type { DocumentFormat, FileName } from './document-format.ts';
import { nameIn } from './document-name.ts';
import { readDocument, type StoredRecord } from './document-reader.ts';
import type { Existing } from './existing.ts';
import { readAt } from './file-lines.ts';
import { RecordQueue } from './record-queue.ts';
import type { CaptionedPhoto, CaptionWriter } from './writer.ts';

interface DocumentOptions {
  readonly path: string;
  readonly format: DocumentFormat;
  readonly existing: Existing;
}

/** Old records are copied so many bytes at a time. */
const BATCH_BYTES = 2 ** 20;

/** A document whose records are replaced when all is done. */
interface OldDocument {
  readonly path: string;
  readonly records: readonly StoredRecord[];
}

/**
 * Writes the captions of all photographs into one file, in which their names are relative to its folder.
 *
 * `skip` goes on behind the records that are there. `overwrite` writes beside an old document and, at the end,
 * takes over its place and those of its records that were not written anew: until then it stays as it was.
 */
export class DocumentWriter implements CaptionWriter {
  readonly #format: DocumentFormat;
  /** As the user named it. */
  readonly #shownPath: string;
  readonly #file: DocumentFile;
  /** Where the file is written. */
  readonly #path: string;
  /** Keys of the records in it. */
  readonly #keys: Set<string>;
  readonly #skips: boolean;
  readonly #old: OldDocument | undefined;
  readonly #queue = new RecordQueue((records) => this.#append(records));
  #begun = false;

  private constructor(
    { path, format, existing }: DocumentOptions,
    file: { readonly path: string; readonly document: DocumentFile; readonly keys: Set<string> },
    old?: OldDocument,
  ) {
    this.#format = format;
    this.#shownPath = path;
    this.#file = file.document;
    this.#path = file.path;
    this.#keys = file.keys;
    this.#skips = existing === 'skip';
    this.#old = old;
  }

  /**
   * Reads the document that exists, if there is one; nothing is written yet.
   *
   * @throws UserError where it isn't of that format, or `existing` is `append` or `prepend`
   */
  static async open(options: DocumentOptions): Promise<DocumentWriter> {
    const { path, format, existing } = options;
    if (existing === 'append' || existing === 'prepend') {
      throw new UserError(
        `expected --existing skip or overwrite for ${path}, a file of many photographs, but got ${existing}`,
        { hint: `--existing ${existing} joins captions in --format txt and xmp; skip goes on with a file` },
      );
    }
    // A symbolic link goes on pointing to the document.
    const target = await realpath(path).catch(() => path);
    const stored = await readDocument(path, format);
    if (existing === 'skip' || !stored || stored.records.length === 0) {
      const keys = new Set(stored?.records.map(({ key }) => key));
      return new DocumentWriter(options, {
        path: target,
        document: new DocumentFile(target, format, stored),
        keys,
      });
    }
    const temporary = temporaryName(target);
    return new DocumentWriter(
      options,
      { path: temporary, document: new DocumentFile(temporary, format), keys: new Set() },
      { path: target, records: stored.records },
    );
  }

  async has(path: string): Promise<boolean> {
    const key = this.#format.keyOf(this.#nameOf(path));
    return this.#skips && this.#keys.has(key);
  }

  async write(photo: CaptionedPhoto): Promise<void> {
    const name = this.#nameOf(photo.path);
    const key = this.#format.keyOf(name);
    await this.#queue.add(this.#format.record(name, photo));
    this.#keys.add(key);
  }

  async #append(records: readonly string[]): Promise<void> {
    try {
      // What a run that was killed has left there.
      if (this.#old && !this.#begun) await rm(this.#path, { force: true });
      this.#begun = true;
      await this.#file.append(records.join(this.#format.separator));
    } catch (error) {
      const goOn = this.#skips ? ': mend this and the same command goes on from there' : '';
      throw this.#cannotWrite(error, `what is done is kept${goOn}`);
    }
  }

  async close(): Promise<void> {
    await this.#queue.idle();
    if (this.#old && this.#keys.size > 0) return this.#replace(this.#old);
    try {
      await this.#file.close();
    } catch (error) {
      throw this.#cannotWrite(error, 'its records are whole but the end of the file is not');
    }
  }

  /** Brings over the old records that were not written anew, and takes the old document's name. */
  async #replace(old: OldDocument): Promise<void> {
    try {
      const kept = old.records.filter(({ key }) => !this.#keys.has(key));
      for await (const records of this.#batches(old.path, kept)) await this.#file.append(records);
      await this.#file.close();
      await chmod(this.#path, (await stat(old.path)).mode);
      await rename(this.#path, old.path);
    } catch (error) {
      await this.#file.close();
      throw this.#cannotWrite(error, `it was left as it was; the new captions are in ${this.#path}`);
    }
  }

  #nameOf(path: string): FileName {
    return nameIn(dirname(this.#shownPath), path);
  }

  #cannotWrite(error: unknown, hint: string): UserError {
    return new UserError(`cannot write ${this.#shownPath}: ${messageOf(error)}`, { hint, cause: error });
  }

  /** The bytes of records, many at a time with their separators between. */
  async *#batches(path: string, records: readonly StoredRecord[]): AsyncGenerator<Buffer> {
    const { separator, lineEnd = '\n' } = this.#format;
    const handle = await open(path, 'r');
    try {
      let batch: Buffer[] = [];
      let bytes = 0;
      for (const { start, end } of records) {
        const record = await readAt(handle, start, end);
        if (batch.length > 0) batch.push(Buffer.from(separator));
        batch.push(record);
        if (!record.subarray(-1).equals(Buffer.from('\n'))) batch.push(Buffer.from(lineEnd));
        bytes += record.length;
        if (bytes < BATCH_BYTES) continue;
        yield Buffer.concat(batch);
        batch = [];
        bytes = 0;
      }
      if (batch.length > 0) yield Buffer.concat(batch);
    } finally {
      await handle.close();
    }
  }
}
