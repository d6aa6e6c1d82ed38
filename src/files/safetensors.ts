import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { messageOf, UserError } from '../errors.ts';
import { writeFileAtomic } from './atomic.ts';

/** A named array of a safetensors file: float32 values in row-major order. */
export interface StoredTensor {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** What a safetensors file holds: float32 tensors by name, and a flat text record. */
export interface SafetensorsFile {
  readonly tensors: Map<string, StoredTensor>;
  readonly metadata: Record<string, string>;
}

const whole = z.number().int().min(0);
const metadataEntry = z.record(z.string(), z.string());
const tensorEntry = z.object({
  dtype: z.string(),
  shape: z.array(whole),
  data_offsets: z.tuple([whole, whole]),
});
const headerText = z.record(z.string(), z.unknown());

type HeaderEntry = z.infer<typeof tensorEntry>;

/** Bytes of a safetensors file (8-byte header length, JSON header, data), piece by piece. */
function encodeSafetensors(
  tensors: Iterable<readonly [string, StoredTensor]>,
  metadata: Record<string, string> = {},
): Uint8Array[] {
  const header: Record<string, HeaderEntry | Record<string, string>> = { __metadata__: metadata };
  const pieces: Uint8Array[] = [];
  let offset = 0;
  for (const [name, { dims, data }] of tensors) {
    header[name] = { dtype: 'F32', shape: [...dims], data_offsets: [offset, offset + data.byteLength] };
    pieces.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    offset += data.byteLength;
  }
  const json = Buffer.from(JSON.stringify(header));
  // Padding with spaces keeps the data 8-byte aligned, as the format advises.
  const padded = Buffer.alloc(Math.ceil(json.length / 8) * 8, ' ');
  json.copy(padded);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  return [length, padded, ...pieces];
}

/** Writes float32 tensors as one safetensors file, whole or not at all. */
export async function writeSafetensors(
  path: string,
  tensors: Iterable<readonly [string, StoredTensor]>,
  metadata: Record<string, string> = {},
): Promise<void> {
  await writeFileAtomic(path, encodeSafetensors(tensors, metadata));
}

/** Reads a safetensors file of float32 tensors; the error names the file and what is wrong with it. */
export async function readSafetensors(path: string): Promise<SafetensorsFile> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new UserError(`cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
  return decodeSafetensors(bytes, path);
}

/** Parses the bytes of a safetensors file; `path` is for messages. */
function decodeSafetensors(bytes: Uint8Array, path: string): SafetensorsFile {
  const broken = (why: string) =>
    new UserError(`${path} is not a readable safetensors file: ${why}`, {
      hint: 'it may have been cut short; make it again or restore a copy',
    });
  if (bytes.length < 8) throw broken('it is shorter than its header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = Number(view.getBigUint64(0, true));
  if (headerLength > bytes.length - 8) throw broken('the header is longer than the file');
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset + 8, headerLength).toString('utf8'));
  } catch {
    throw broken('the header is not JSON');
  }
  const part = <Part>(schema: z.ZodType<Part>, value: unknown, what: string): Part => {
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    const { path: field, message } = result.error.issues[0];
    throw broken(`${[what, ...field].join('.')}: ${message}`);
  };
  const { __metadata__, ...entries } = part(headerText, json, 'the header');
  const metadata = part(metadataEntry, __metadata__ ?? {}, '__metadata__');
  const start = 8 + headerLength;
  const tensors = new Map<string, StoredTensor>();
  for (const [name, value] of Object.entries(entries)) {
    const { dtype, shape, data_offsets } = part(tensorEntry, value, name);
    if (dtype !== 'F32') throw broken(`expected ${name} to be F32 but got ${dtype}`);
    const [from, to] = data_offsets;
    const size = shape.reduce((a, b) => a * b, 1);
    if (to - from !== size * 4 || start + to > bytes.length) throw broken(`${name} has not all its bytes`);
    const data = new Float32Array(size);
    new Uint8Array(data.buffer).set(bytes.subarray(start + from, start + to));
    tensors.set(name, { dims: shape, data });
  }
  return { tensors, metadata };
}
