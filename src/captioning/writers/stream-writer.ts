import type { Writable } from 'node:stream';
import { messageOf, UserError } from '../../errors.ts';
import type { DocumentFormat } from './document-format.ts';
import { nameIn } from './document-name.ts';
import type { CaptionedPhoto, CaptionWriter } from './writer.ts';

/** Writes a document to standard output (or another stream), which it leaves open. */
export class StreamWriter implements CaptionWriter {
  readonly #stream: Writable;
  readonly #format: DocumentFormat;
  readonly #folder: string;
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
    const { asNamed, head, separator } = this.#format;
    const name = asNamed ? photo.path : nameIn(this.#folder, photo.path);
    const record = await this.#format.record(name, photo);
    await this.#send(`${this.#begun ? separator : head}${record}`);
    this.#begun = true;
  }

  async close(): Promise<void> {
    const { head, tail } = this.#format;
    const end = this.#begun ? tail : head + tail;
    if (this.#failure === undefined && end !== '') await this.#send(end);
    // All is written. After a failure the stream may still have more to say of it.
    if (this.#failure === undefined) this.#stream.off('error', this.#onError);
  }

  async #send(text: string): Promise<void> {
    try {
      if (this.#failure) throw this.#failure;
      await new Promise<void>((resolve, reject) => {
        this.#stream.write(text, (error) => (error ? reject(error) : resolve()));
      });
    } catch (error) {
      this.#failure ??= error instanceof Error ? error : new Error(messageOf(error));
      throw cannotWrite(this.#failure);
    }
  }
}

function cannotWrite(error: NodeJS.ErrnoException): UserError {
  const message =
    error.code === 'EPIPE'
      ? 'standard output was closed by the program that reads it'
      : `cannot write standard output: ${error.message}`;
  return new UserError(message, { cause: error });
}
