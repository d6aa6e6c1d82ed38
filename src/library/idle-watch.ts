import { setMaxListeners } from 'node:events';
import { TransientError } from './http.ts';

/** Aborts a request when nothing has come for a while, and when the caller's signal says so. */
export class IdleWatch {
  private readonly controller = new AbortController();
  private readonly milliseconds: number;
  private readonly caller: AbortSignal | undefined;
  private timer: NodeJS.Timeout | undefined;
  private readonly pass = () => this.controller.abort(this.caller?.reason);

  constructor(milliseconds: number, caller?: AbortSignal) {
    this.milliseconds = milliseconds;
    this.caller = caller;
    // Many downloads may hang on one Ctrl-C, which Node would warn of.
    if (caller) setMaxListeners(0, caller);
    if (caller?.aborted) this.pass();
    caller?.addEventListener('abort', this.pass);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** From now on something should come. */
  start(): void {
    this.stop();
    const late = () =>
      this.controller.abort(new TransientError(`nothing came for ${this.milliseconds / 1000} s`));
    this.timer = setTimeout(late, this.milliseconds);
  }

  /** It has come, and what is done with it may take its time. */
  stop(): void {
    clearTimeout(this.timer);
  }

  end(): void {
    this.stop();
    this.caller?.removeEventListener('abort', this.pass);
  }
}
