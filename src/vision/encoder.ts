import { open } from 'node:fs/promises';
import { messageOf, UserError } from '../errors.ts';
import { sha256 } from '../files/sha256.ts';
import { Session, type SessionOptions } from '../onnx/session.ts';
import { tensorNames } from '../onnx/tensor-names.ts';
import { stackRows } from '../stack-rows.ts';
import type { EncoderDefinition, NetworkDefinition } from './definition.ts';
import { featureTensor, roomForAddition } from './feature-tensor.ts';
import type { ImageSource } from './image-bytes.ts';
import { type PreparedImage, prepareImage } from './prepare.ts';

/** Whatever turns prepared images into feature vectors: networks in this thread, or in others. */
export interface ImageEncoder {
  /** What was loaded: the definition with the SHA-256 of the very files. */
  readonly definition: EncoderDefinition;
  /** How many images it works on side by side. */
  readonly lanes: number;
  /** Features of prepared images: [B,F] row-major, the networks' vectors side by side. */
  encodePrepared(images: readonly PreparedImage[]): Promise<Float32Array>;
  release(): Promise<void>;
}

/**
 * Pretrained networks that turn photographs into feature vectors, in this thread. Load once, encode many, release.
 */
export class Encoder implements ImageEncoder {
  readonly lanes = 1;

  private constructor(
    readonly definition: EncoderDefinition,
    private readonly networks: readonly Network[],
  ) {}

  /**
   * Loads the networks of a definition from their files, in the definition's order. A file whose
   * SHA-256 is not the definition's is refused; where the definition has none, any file of the
   * right shape will do and its SHA-256 is recorded in `encoder.definition`.
   */
  static async load(
    definition: EncoderDefinition,
    files: readonly string[],
    options: SessionOptions = {},
  ): Promise<Encoder> {
    if (files.length !== definition.networks.length) {
      throw new UserError(
        `expected ${definition.networks.length} files for encoder ${definition.name} but got ${files.length}`,
      );
    }
    const loading = definition.networks.map((network, i) => Network.load(network, files[i]!, options));
    const settled = await Promise.allSettled(loading);
    const networks = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    const failure = settled.find((result) => result.status === 'rejected');
    if (failure) {
      await Promise.all(networks.map((network) => network.release()));
      throw failure.reason;
    }
    return new Encoder({ ...definition, networks: networks.map((network) => network.definition) }, networks);
  }

  async encodePrepared(images: readonly PreparedImage[]): Promise<Float32Array> {
    const { featureSize } = this.definition;
    const features = new Float32Array(images.length * featureSize);
    let column = 0;
    for (const [n, network] of this.networks.entries()) {
      const rows = await network.encode(images.map((image) => image[n]!));
      for (const [i, row] of rows.entries()) features.set(row, i * featureSize + column);
      column += network.definition.featureSize;
    }
    return features;
  }

  /** Features of images: [B,F] row-major. Throws a UserError for the first image that can't be read. */
  async encode(images: readonly ImageSource[]): Promise<Float32Array> {
    return this.encodePrepared(
      await Promise.all(images.map((image) => prepareImage(this.definition, image))),
    );
  }

  async release(): Promise<void> {
    await Promise.all(this.networks.map((network) => network.release()));
  }
}

/**
 * Key of everything that decides a feature's value: files, tensors, preprocessing, normalisation.
 * Features with the same hash can be mixed; 64 hex digits. The definition has to be that of a loaded
 * encoder (or a model's), whose files' SHA-256 are known.
 */
export function encoderHash(definition: EncoderDefinition): string {
  // A list, not an object: the order of keys in somebody's JSON must not matter.
  const decisive = definition.networks.map(({ sha256, input, features, featureSize, preprocessing, l2 }) => {
    const { resize, mirror = false, size, channels, scale, mean, std } = preprocessing;
    const shortSide = resize.kind === 'crop' ? resize.shortSide : null;
    // What few definitions have is added only to theirs, so that the hashes of the others stay as they are.
    const pixels = [resize.kind, shortSide, size, channels, scale, mean, std, ...(mirror ? ['mirror'] : [])];
    return [sha256, input.layout, features, featureSize, pixels, l2];
  });
  return sha256(JSON.stringify(decisive));
}

/** One loaded ONNX file, with the names of the input and of the feature tensor that it really has. */
class Network {
  private constructor(
    readonly definition: NetworkDefinition,
    private readonly session: Session,
    private readonly input: string,
    private readonly feature: string,
  ) {}

  static async load(definition: NetworkDefinition, file: string, options: SessionOptions): Promise<Network> {
    const { bytes, space } = await readWithRoom(file, roomForAddition(definition.features));
    const digest = sha256(bytes);
    if (definition.sha256 !== null && definition.sha256 !== digest) {
      throw new UserError(`expected ${file} to have SHA-256 ${definition.sha256} but got ${digest}`, {
        hint: 'the file is damaged or another one; restore it',
      });
    }
    const names = tensorNames(bytes);
    if (!names)
      throw new UserError(`expected ${file} to be an ONNX file but it has no graph that can be read`);
    const feature = featureTensor(names, definition.features);
    if (feature === undefined) {
      throw new UserError(
        `expected ${file} to compute ${definition.features.join(' or ')} but its last tensors are ` +
          names.computed.slice(-6).join(', '),
      );
    }
    space.set(feature.addition, bytes.length);
    const model = space.subarray(0, bytes.length + feature.addition.length);
    const session = await Session.load(model, options, file);
    try {
      const { input, maxBatch } = checkInput(session, definition, file);
      return new Network({ ...definition, sha256: digest, maxBatch }, session, input, feature.name);
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  /** One feature vector an image, scaled to length `l2`. */
  async encode(images: readonly Float32Array[]): Promise<Float32Array[]> {
    const { maxBatch } = this.definition;
    const rows: Float32Array[] = [];
    for (let from = 0; from < images.length; from += maxBatch) {
      rows.push(...(await this.runBatch(images.slice(from, from + maxBatch))));
    }
    return rows;
  }

  private async runBatch(images: readonly Float32Array[]): Promise<Float32Array[]> {
    const { input, preprocessing, featureSize, l2, file } = this.definition;
    const { size } = preprocessing;
    const batch = stackRows(images, 3 * size * size);
    const dims = input.layout === 'NCHW' ? [images.length, 3, size, size] : [images.length, size, size, 3];
    const results = await this.session.run({ [this.input]: { dims, data: batch } }, { [this.feature]: null });
    const { data, dims: got } = results[this.feature]!;
    // [B,F] or [B,F,1,1]: the same values in the same order.
    if (data.length !== images.length * featureSize) {
      throw new UserError(
        `expected ${this.feature} of ${file} to be [B,${featureSize}] but got [${got.join(',')}]`,
      );
    }
    return images.map((_, i) => scaled(data.slice(i * featureSize, (i + 1) * featureSize), l2));
  }

  async release(): Promise<void> {
    await this.session.release();
  }
}

/** The name of the image input and the batch that the file allows; a UserError where its shape doesn't fit. */
function checkInput(
  session: Session,
  definition: NetworkDefinition,
  file: string,
): { input: string; maxBatch: number } {
  const { name, layout } = definition.input;
  const { size } = definition.preprocessing;
  const { inputs } = session;
  // The only input can be nothing but the image, whatever the exporter called it.
  const input = inputs.find((info) => info.name === name) ?? (inputs.length === 1 ? inputs[0] : undefined);
  if (!input) {
    throw new UserError(
      `expected ${file} to have an input ${name} but got ${inputs.map((info) => info.name).join(', ')}`,
    );
  }
  const [batch, ...image] = input.dims;
  const wanted = layout === 'NCHW' ? [3, size, size] : [size, size, 3];
  const fits = image.length === 3 && image.every((dim, i) => typeof dim === 'string' || dim === wanted[i]);
  if (!fits || input.type !== 'float32' || (typeof batch === 'number' && batch !== 1)) {
    throw new UserError(
      `expected input ${input.name} of ${file} to be float32 [1 or B,${wanted.join(',')}] ` +
        `but got ${input.type} [${input.dims.join(',')}]`,
    );
  }
  return { input: input.name, maxBatch: batch === 1 ? 1 : definition.maxBatch };
}

/** The vector scaled, in place, to Euclidean length `length`; null leaves it, and so does a vector of zeros. */
function scaled(vector: Float32Array, length: number | null): Float32Array {
  if (length === null) return vector;
  let squares = 0;
  for (const value of vector) squares += value * value;
  const factor = squares > 0 ? length / Math.sqrt(squares) : 1;
  for (let i = 0; i < vector.length; i++) vector[i]! *= factor;
  return vector;
}

/** A whole file, with `room` bytes to spare behind it: appending to 553 MB must not copy them. */
async function readWithRoom(file: string, room: number): Promise<{ bytes: Uint8Array; space: Uint8Array }> {
  try {
    const handle = await open(file);
    try {
      const { size } = await handle.stat();
      const space = new Uint8Array(size + room);
      let length = 0;
      while (length < size) {
        const { bytesRead } = await handle.read(space, length, Math.min(size - length, 1 << 30));
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      return { bytes: space.subarray(0, length), space };
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw new UserError(`cannot read the encoder file ${file}: ${messageOf(error)}`, { cause: error });
  }
}
