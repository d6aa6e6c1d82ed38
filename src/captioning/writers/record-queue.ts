/** A record on its way, and who waits for it. */
interface Entry {
  readonly record: Promise<string>;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Writes records in the order in which they were added, one batch at a time: those that come while a batch is
 * being written go together in the next one, so a disk that takes long to sync holds nobody up. After a failure
 * nothing more is written: a record that still fitted would stand where a lost one belongs.
 */
export class RecordQueue {
  readonly #write: (records: string[]) => Promise<void>;
  #waiting: Entry[] = [];
  #draining: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  /** @param write puts records behind those that were written before */
  constructor(write: (records: string[]) => Promise<void>) {
    this.#write = write;
  }

  /** Resolves when the record is written. It may still be in the making; others are not waited for. */
  add(record: string | Promise<string>): Promise<void> {
    return new Promise((resolve, reject) => {
      const entry = { record: Promise.resolve(record), resolve, reject };
      // Looked at later, when its turn has come.
      entry.record.catch(() => {});
      this.#waiting.push(entry);
      this.#draining ??= this.#drain();
    });
  }

  /** Resolves when nothing is on its way any more, written or not. */
  async idle(): Promise<void> {
    await this.#draining;
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        // To wait here also lets `add` note this work before it ends: else the next one would think it still went on.
        const records = await Promise.all(batch.map(({ record }) => record));
        if (this.#failure) throw this.#failure.error;
        await this.#write(records);
        for (const { resolve } of batch) resolve();
      } catch (error) {
        this.#failure ??= { error };
        for (const { reject } of batch) reject(error);
      }
    }
    this.#draining = undefined;
  }
}
