import { constants } from 'node:os';

type EndingSignal = 'SIGINT' | 'SIGTERM';

/** The user (or the system) asked a long job to stop, and it has put everything in order. */
export class Interrupted extends Error {
  readonly signal: EndingSignal;

  constructor(signal: EndingSignal) {
    super(`interrupted by ${signal}`);
    this.signal = signal;
  }

  /**
   * Ends the process by that very signal, so that a shell sees status 130 and stops its loop too (it goes
   * on after a program that exits with 130 by itself).
   */
  end(): void {
    process.exitCode = 128 + constants.signals[this.signal];
    if (process.platform === 'win32') return;
    process.removeAllListeners(this.signal);
    process.kill(process.pid, this.signal);
  }
}

/** Listens for Ctrl-C while a job runs that should end in good order. A second Ctrl-C ends it at once. */
export class Interrupt {
  private readonly controller = new AbortController();
  private received: EndingSignal | undefined;
  private readonly onSignal = (signal: NodeJS.Signals) => {
    this.stop();
    this.received = signal === 'SIGTERM' ? 'SIGTERM' : 'SIGINT';
    this.controller.abort();
  };

  constructor() {
    process.on('SIGINT', this.onSignal);
    process.on('SIGTERM', this.onSignal);
  }

  /** Aborted by Ctrl-C. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Whether Ctrl-C was pressed, so that the job may say what is left before `throwIfAny`. */
  get any(): boolean {
    return this.received !== undefined;
  }

  throwIfAny(): void {
    if (this.received !== undefined) throw new Interrupted(this.received);
  }

  /** From now on Ctrl-C ends the process as usual. */
  stop(): void {
    process.off('SIGINT', this.onSignal);
    process.off('SIGTERM', this.onSignal);
  }
}
