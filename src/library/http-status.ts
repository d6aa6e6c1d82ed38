import { STATUS_CODES } from 'node:http';
import { UserError } from '../errors.ts';
import { type Answer, TransientError } from './http.ts';

/** Too late, too early, too often, or the server has troubles of its own. */
const TRANSIENT: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);
/** Who is told to wait longer than this can as well come back. */
const LONGEST_WAIT = 300_000;

/** A server that answers, but not with the file: 404 and the like. */
export class RefusedError extends UserError {
  readonly status: number;

  constructor(status: number, message: string, hint?: string) {
    super(message, { hint });
    this.status = status;
  }
}

/** An answer that may be another one in a moment. */
export class TransientStatus extends TransientError {
  readonly status: number;
  /** Milliseconds that the server asks to wait. */
  readonly retryAfter: number | undefined;

  constructor(status: number, retryAfter: number | undefined) {
    super(statusWords(status));
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** The error for an answer without the file. */
export function refusal({ status, header }: Answer, url: string, hint?: string): Error {
  const wait = parseRetryAfter(header('retry-after'));
  const long = wait !== undefined && wait > LONGEST_WAIT;
  if (TRANSIENT.has(status) && !long) return new TransientStatus(status, wait);
  const later = long ? ` and asks to wait ${Math.round(wait / 60_000)} minutes` : '';
  return new RefusedError(status, `cannot download ${url}: ${statusWords(status)}${later}`, hint);
}

function statusWords(status: number): string {
  return `the server answers ${[status, STATUS_CODES[status] ?? ''].join(' ').trim()}`;
}

/** Milliseconds from now; the header holds seconds or a date (RFC 9110, 10.2.3). */
function parseRetryAfter(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const wait = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}
