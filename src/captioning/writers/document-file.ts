import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { DocumentFormat } from './document-format.ts';
import type { StoredDocument } from './document-reader.ts';

/**
 * A document on disk that grows at its end and is valid after every step: a record is written over the tail,
 * together with a new one, and synced. The file comes into being with its first record.
 */
export class DocumentFile {
  readonly #path: string;
  readonly #format: DocumentFormat;
  #handle: FileHandle | undefined;
  #exists: boolean;
  /** Offset behind the last record; 0 where there is none, not even the head. */
  #end: number;
  /** The last record lacks its line end. */
  #unended: boolean;
  /** The file is head, records and tail, and nothing else. */
  #whole: boolean;
  #failed = false;

  constructor(path: string, format: DocumentFormat, stored?: StoredDocument) {
    this.#path = path;
    this.#format = format;
    this.#exists = stored !== undefined;
    this.#end = stored?.records.at(-1)?.end ?? 0;
    this.#unended = stored?.unended ?? false;
    this.#whole = stored?.whole ?? false;
  }

  /**
   * Adds a record, or several with their separators between. When it resolves they are on disk.
   *
   * @throws what the file system says where it can't; what was in the file before is whole, if the disk lets it
   */
  async append(records: string | Buffer): Promise<void> {
    const { head, separator, tail } = this.#format;
    const lead = this.#end === 0 ? head : this.#missingLineEnd() + separator;
    const before = Buffer.concat([Buffer.from(lead), Buffer.from(records)]);
    try {
      const handle = await this.#open();
      if (!this.#whole) await handle.truncate(this.#end);
      this.#whole = false;
      await writeAt(handle, Buffer.concat([before, Buffer.from(tail)]), this.#end);
      await handle.datasync();
    } catch (error) {
      this.#failed = true;
      await this.#undo();
      throw error;
    }
    this.#end += before.length;
    this.#unended = false;
    this.#whole = true;
  }

  /** Closes the file. What was found at its end, cut short or without its tail, is mended first, or this throws. */
  async close(): Promise<void> {
    try {
      if (this.#end > 0 && !this.#whole) await this.#mend(await this.#open());
    } catch (error) {
      // After a failure it was said already.
      if (!this.#failed) throw error;
    } finally {
      await this.#handle?.close();
      this.#handle = undefined;
    }
  }

  /** Cuts back to the last whole record. */
  async #undo(): Promise<void> {
    if (!this.#handle) return;
    try {
      if (this.#end > 0) {
        await this.#mend(this.#handle);
      } else {
        await this.#handle.close();
        this.#handle = undefined;
        await rm(this.#path);
        this.#exists = false;
      }
    } catch {
      // Then a part of a record stays at the end, for the next run to drop: nothing more can be done here.
    }
  }

  async #mend(handle: FileHandle): Promise<void> {
    const ending = Buffer.from(this.#missingLineEnd() + this.#format.tail);
    // The tail's place is kept, not given back: a full disk would not give it again.
    await handle.truncate(this.#end + ending.length);
    await writeAt(handle, ending, this.#end);
    await handle.datasync();
    this.#end += ending.length - Buffer.byteLength(this.#format.tail);
    this.#unended = false;
    this.#whole = true;
  }

  async #open(): Promise<FileHandle> {
    if (this.#handle) return this.#handle;
    if (!this.#exists) await mkdir(dirname(this.#path), { recursive: true });
    // A file that somebody else has made since is not written over.
    this.#handle = await open(this.#path, this.#exists ? 'r+' : 'wx');
    this.#exists = true;
    return this.#handle;
  }

  #missingLineEnd(): string {
    return this.#unended ? (this.#format.lineEnd ?? '\n') : '';
  }
}

async function writeAt(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  // A disk that runs full may take a part without an error, which comes with the next.
  for (let written = 0; written < bytes.length; ) {
    written += (await handle.write(bytes, written, bytes.length - written, position + written)).bytesWritten;
  }
}
