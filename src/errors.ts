/**
 * A mistake that the user can mend: the message is one sentence that names the file or option
 * (`expected ... but got ...`), the hint says what to do. The command line prints it without a stack.
 */
export class UserError extends Error {
  override readonly name = 'UserError';
  readonly hint: string | undefined;

  constructor(message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.hint = options.hint;
  }
}

/** A bug of ours: the message starts with `internal:` so that nobody looks for it in their own files. */
export class InternalError extends Error {
  override readonly name = 'InternalError';

  constructor(message: string) {
    super(`internal: ${message}`);
  }
}

/** The text of whatever was thrown, without a stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
