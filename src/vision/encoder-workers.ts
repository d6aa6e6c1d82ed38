import { stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import type { SessionOptions } from '../onnx/session.ts';
import type { EncoderDefinition } from './definition.ts';
import { Encoder, type ImageEncoder } from './encoder.ts';
import { Lane } from './encoder-lane.ts';
import type { PreparedImage } from './prepare.ts';

/**
 * An encoder whose networks run in worker threads, so that this thread stays free: for many images. Each worker
 * has networks of its own that compute on one core: two images side by side are done sooner than one after the
 * other with two cores each (CNNs for one image are too small to share well).
 */
export class EncoderWorkers implements ImageEncoder {
  private constructor(
    readonly definition: EncoderDefinition,
    private readonly workers: readonly Lane[],
  ) {}

  /** As `Encoder.load`, with `lanes` workers of `options.threads` threads each. */
  static async load(
    definition: EncoderDefinition,
    files: readonly string[],
    lanes: number,
    options: SessionOptions,
  ): Promise<EncoderWorkers> {
    const starting = Array.from({ length: lanes }, () => Lane.start({ definition, files, options }));
    const started = await Promise.allSettled(starting);
    const workers = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    const failure = started.find((result) => result.status === 'rejected');
    if (failure) {
      await Promise.all(workers.map((lane) => lane.end()));
      throw failure.reason;
    }
    return new EncoderWorkers(workers[0]!.definition, workers);
  }

  get lanes(): number {
    return this.workers.length;
  }

  /** Features [B,F] of prepared images, from the worker that has least to do. The images' arrays move there. */
  encodePrepared(images: readonly PreparedImage[]): Promise<Float32Array> {
    const idlest = this.workers.reduce((best, lane) => (lane.waiting < best.waiting ? lane : best));
    return idlest.encode(images);
  }

  async release(): Promise<void> {
    await Promise.all(this.workers.map((lane) => lane.end()));
  }
}

/** Networks larger than this are loaded once, and share the cores: copies would cost more than they bring. */
const LARGE = 200 * 2 ** 20;

/** Of three cores, two are for the networks and one decodes images and looks for words: about what each costs. */
const SHARE = 2 / 3;
const MOST_LANES = 8;

/**
 * Loads an encoder for this many images: in this thread for a single one, where starting a worker would take
 * longer, else in worker threads. `threads` is the number of cores that the networks may use.
 */
export async function loadEncoderFor(
  images: number,
  definition: EncoderDefinition,
  files: readonly string[],
  { threads, device }: SessionOptions,
): Promise<ImageEncoder> {
  if (images <= 1) return Encoder.load(definition, files, { threads, device });
  const cores = threads ?? Math.min(MOST_LANES, Math.ceil(availableParallelism() * SHARE));
  const copies = device === undefined || device === 'cpu' ? (await sizeOf(files)) <= LARGE : false;
  return copies
    ? EncoderWorkers.load(definition, files, Math.min(cores, images), { threads: 1, device })
    : EncoderWorkers.load(definition, files, 1, { threads, device });
}

/** Bytes of all files together; those that aren't there count nothing, as loading them will tell. */
async function sizeOf(files: readonly string[]): Promise<number> {
  const sizes = files.map((file) =>
    stat(file).then(
      ({ size }) => size,
      () => 0,
    ),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
