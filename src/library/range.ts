import type { Answer } from './http.ts';
import type { PartFile, Source } from './part-file.ts';

/** What is known of a file before it comes. */
export interface Wanted {
  readonly url: string;
  /** 64 hex digits. */
  readonly sha256?: string | null;
  /** Size of the file. */
  readonly bytes?: number;
}

/** What is known of the version of the file that a part belongs to: nothing, where it comes from elsewhere. */
function knownSource(part: PartFile, { url }: Wanted): Source | undefined {
  return part.source?.url === url ? part.source : undefined;
}

/** Whether nothing is left to fetch. */
export function isComplete(part: PartFile, wanted: Wanted): boolean {
  const known = knownSource(part, wanted);
  if (part.length === 0 || part.length !== (wanted.bytes ?? known?.size)) return false;
  return Boolean(known ?? wanted.sha256);
}

/**
 * Headers that ask for the rest of a part (RFC 9110, 14.2 and 13.1.5), and none where it is no use: without a
 * validator the rest of another version could come, which only a known hash would tell.
 */
export function rangeHeaders(part: PartFile, wanted: Wanted): Record<string, string> {
  const known = knownSource(part, wanted);
  const size = wanted.bytes ?? known?.size ?? Number.POSITIVE_INFINITY;
  if (part.length === 0 || part.length >= size) return {};
  const range = `bytes=${part.length}-`;
  if (known?.validator !== undefined) return { range, 'if-range': known.validator };
  return wanted.sha256 ? { range } : {};
}

/** Whether a 206 answer holds what follows a part. Servers are met that don't heed If-Range. */
export function continues(answer: Answer, part: PartFile, wanted: Wanted): boolean {
  const known = knownSource(part, wanted);
  const range = parseContentRange(answer.header('content-range'));
  const validator = validatorOf(answer);
  const size = wanted.bytes ?? known?.size;
  return (
    range?.start === part.length &&
    (size ?? range.size) === (range.size ?? size) &&
    answer.header('content-encoding') === undefined &&
    (known?.validator ?? validator) === (validator ?? known?.validator)
  );
}

/** Size of the whole file, from a 200 or 206 answer that says it. */
export function sizeOf(answer: Answer): number | undefined {
  if (answer.status === 206) return parseContentRange(answer.header('content-range'))?.size;
  // What is compressed has another length.
  if (answer.header('content-encoding') !== undefined) return undefined;
  const length = answer.header('content-length');
  return length === undefined ? undefined : Number(length);
}

/** Where the whole file comes from that a 200 answer holds. */
export function sourceOf(answer: Answer, url: string): Source {
  const isPlain = answer.header('content-encoding') === undefined;
  return { url, validator: isPlain ? validatorOf(answer) : undefined, size: sizeOf(answer) };
}

/** A strong ETag, or the time of the last change. */
function validatorOf({ header }: Answer): string | undefined {
  const tag = header('etag');
  return tag?.startsWith('"') ? tag : header('last-modified');
}

function parseContentRange(text = ''): { start: number; size: number | undefined } | undefined {
  const match = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(text.trim());
  if (!match) return undefined;
  return { start: Number(match[1]), size: match[2] === '*' ? undefined : Number(match[2]) };
}
