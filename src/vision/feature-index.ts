import { z } from 'zod';
import { UserError } from '../errors.ts';

/** Changes whenever files written before can't be read any more. */
const FORMAT = 'caption features 2';

const headLine = z.object({
  format: z.literal(FORMAT),
  encoder: z.string(),
  hash: z.string(),
  featureSize: z.number().int().positive(),
  // The first files of this format don't say: they hold float32. The hash is the encoder's and the same for
  // both: float16 is off by 2^-11 of a number at most, less than a photograph resized by another program.
  type: z.enum(['float32', 'float16']).default('float32'),
});

const rowLine = z.object({ key: z.string(), sha256: z.string().regex(/^[0-9a-f]{64}$/) });

/** The index's first line: what made the features, and how their numbers are stored. */
export type IndexHead = Omit<z.infer<typeof headLine>, 'format'>;

/** What a row of the matrix is the feature of: the image's name, and the SHA-256 of its bytes as hex digits. */
export type IndexRow = z.infer<typeof rowLine>;

/** The complete lines of an index. */
export interface FeatureIndex {
  /** Null where not even the first line is complete. */
  readonly head: IndexHead | null;
  readonly rows: readonly IndexRow[];
  /** `ends[n]` is the offset behind the head and n rows. */
  readonly ends: readonly number[];
}

/** The name of the index that belongs to a matrix, which has to end in .npy. */
export function indexPathOf(path: string): string {
  if (!path.endsWith('.npy'))
    throw new UserError(`expected the name of a feature file to end in .npy but got ${path}`);
  return `${path.slice(0, -'.npy'.length)}.index.jsonl`;
}

export function formatHead({ encoder, hash, featureSize, type }: IndexHead): string {
  return `${JSON.stringify({ format: FORMAT, encoder, hash, featureSize, type })}\n`;
}

export function formatRow({ key, sha256 }: IndexRow): string {
  return `${JSON.stringify({ key, sha256 })}\n`;
}

/** Reads an index; half a line at its end is left out, any other damage is a UserError that names the line. */
export function parseIndex(bytes: Buffer, path: string): FeatureIndex {
  let head: IndexHead | null = null;
  const rows: IndexRow[] = [];
  const ends: number[] = [];
  let start = 0;
  for (let end = bytes.indexOf(10, start); end >= 0; end = bytes.indexOf(10, start)) {
    const line = bytes.toString('utf8', start, end);
    const value = parseJson(line);
    if (head === null) {
      refuseOtherFormat(value, path);
      head = checked(headLine, value, line, path, 1);
    } else {
      rows.push(checked(rowLine, value, line, path, ends.length + 1));
    }
    start = end + 1;
    ends.push(start);
  }
  return { head, rows, ends };
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function refuseOtherFormat(value: unknown, path: string): void {
  const named = z.object({ format: z.string().startsWith('caption features ') }).safeParse(value);
  if (!named.success || named.data.format === FORMAT) return;
  throw new UserError(`expected ${path} to have format "${FORMAT}" but got "${named.data.format}"`, {
    hint: 'another version of caption made it: extract the features again, into another file',
  });
}

function checked<Line>(
  schema: z.ZodType<Line>,
  value: unknown,
  text: string,
  path: string,
  number: number,
): Line {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const shown = text.length > 80 ? `${text.slice(0, 80)}...` : text;
  throw new UserError(
    `expected ${path} to be the index of a feature file but its line ${number} is ${shown}`,
  );
}
