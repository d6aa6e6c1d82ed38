import { fstatSync, writeSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { messageOf, UserError } from '../../errors.ts';
import type { DocumentFormat } from './document-format.ts';
import { nameIn } from './document-name.ts';
import { RecordQueue } from './record-queue.ts';
import type { CaptionedPhoto, CaptionWriter } from './writer.ts';

/** Writes a document to standard output (or another stream), which it leaves open. */
export class StreamWriter implements CaptionWriter {
  readonly #stream: Writable;
  readonly #format: DocumentFormat;
  readonly #folder: string;
  readonly #queue = new RecordQueue((records) => this.#append(records));
  #begun = false;
  /** What went wrong with the stream, whoever was the first to see it. */
  #failure: Error | undefined;

  /** @param folder file names are relative to, unless the format shows them as the user named them */
  constructor(stream: Writable, format: DocumentFormat, folder: string = process.cwd()) {
    this.#stream = stream;
    this.#format = format;
    this.#folder = folder;
    // Without a listener an error would end the process.
    stream.on('error', this.#onError);
  }

  readonly #onError = (error: Error): void => {
    this.#failure ??= error;
  };

  async has(): Promise<boolean> {
    return false;
  }

  async write(photo: CaptionedPhoto): Promise<void> {
    const name = this.#format.asNamed ? photo.path : nameIn(this.#folder, photo.path);
    await this.#queue.add(this.#format.record(name, photo));
  }

  async #append(records: readonly string[]): Promise<void> {
    const { head, separator } = this.#format;
    await this.#send(`${this.#begun ? separator : head}${records.join(separator)}`);
    this.#begun = true;
  }

  async close(): Promise<void> {
    await this.#queue.idle();
    const { head, tail } = this.#format;
    const end = this.#begun ? tail : head + tail;
    if (this.#failure === undefined && end !== '') await this.#send(end);
    // All is written. After a failure the stream may still have more to say of it.
    if (this.#failure === undefined) this.#stream.off('error', this.#onError);
  }

  async #send(text: string): Promise<void> {
    try {
      if (this.#failure) throw this.#failure;
      const file = regularFile(this.#stream);
      if (file === undefined) await writeTo(this.#stream, text);
      else writeWhole(file, text);
    } catch (error) {
      this.#failure ??= error instanceof Error ? error : new Error(messageOf(error));
      throw cannotWrite(this.#failure);
    }
  }
}

/** The descriptor of standard output where it was redirected to a file. */
function regularFile(stream: Writable): number | undefined {
  const { fd } = stream as { readonly fd?: unknown };
  return typeof fd === 'number' && fstatSync(fd).isFile() ? fd : undefined;
}

/** A disk that runs full may take a part without an error. Node's own stream would leave it at that. */
function writeWhole(file: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
}

function writeTo(stream: Writable, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => (error ? reject(error) : resolve()));
  });
}

function cannotWrite(error: NodeJS.ErrnoException): UserError {
  if (error.code === 'EPIPE') {
    return new UserError('standard output was closed by the program that reads it', { cause: error });
  }
  return new UserError(`cannot write standard output: ${error.message}`, {
    hint: 'its last line may be cut short; with --out <file> captions stay whole and a later call goes on behind them',
    cause: error,
  });
}
