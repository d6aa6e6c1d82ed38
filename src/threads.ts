import { InternalError, messageOf, UserError } from './errors.ts';

/** The file of a worker thread that stands beside the module of this URL, whether compiled or not. */
export function workerBeside(moduleUrl: string, name: string): URL {
  return new URL(moduleUrl.replace(/[^/]+(\.\w+)$/, `${name}$1`));
}

/** An error on its way between threads, which would lose its class and its hint. */
export interface Failure {
  readonly user: boolean;
  readonly message: string;
  readonly hint?: string | undefined;
}

/** An error as it travels from a worker. */
export function packed(error: unknown): Failure {
  if (error instanceof UserError) return { user: true, message: error.message, hint: error.hint };
  return { user: false, message: messageOf(error) };
}

/** The error that `packed` was given. */
export function revived({ user, message, hint }: Failure): Error {
  return user ? new UserError(message, { hint }) : new InternalError(message.replace(/^internal: /, ''));
}
