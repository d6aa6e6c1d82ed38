import { UserError } from '../../src/errors.ts';
import { type FloatTensor, Session } from '../../src/onnx/session.ts';
import type { Preprocessing } from '../../src/vision/definition.ts';
import { readPixels } from '../../src/vision/pixels.ts';
import { encodeNetwork, IMAGE, type Network } from './network.ts';
import { dequantizeNetwork } from './quantize.ts';

/** A photograph and the ImageNet classes that are right for it. */
export interface Example {
  readonly path: string;
  readonly classes: readonly string[];
}

export interface Verification {
  /** By example: the three likeliest classes of the float32 network, with their probabilities. */
  readonly classes: readonly { readonly path: string; readonly likeliest: readonly ClassScore[] }[];
  /** Cosine between the stored file's features and the float32 network's, over `photos` photographs. */
  readonly cosine: { readonly mean: number; readonly least: number; readonly photos: number };
  /** Milliseconds to load the stored file, and to run it for one image of a batch. */
  readonly loadMs: number;
  readonly msPerImage: readonly { readonly batch: number; readonly ms: number }[];
}

interface ClassScore {
  readonly label: string;
  readonly probability: number;
}

/** The stored features must point this closely along the float32 ones, on every photograph. */
const LEAST_COSINE = 0.999;
const BATCHES = [1, 8];
const THREADS = 2;

/**
 * Compares a network as it is stored with the same network in float32 and with its classifier on top.
 * Throws UserError if an example's class is wrong or a feature strays further than LEAST_COSINE.
 *
 * @param stored the bytes of the file to ship
 * @param labels the 1000 ImageNet class names, in order
 * @param photos paths of further photographs, for the cosine only
 */
export async function verify(
  network: Network,
  stored: Uint8Array,
  preprocessing: Preprocessing,
  labels: readonly string[],
  examples: readonly Example[],
  photos: readonly string[],
): Promise<Verification> {
  const reference = await Session.load(encodeNetwork(dequantizeNetwork(network), { top: true }), {
    threads: THREADS,
  });
  const start = performance.now();
  const shipped = await Session.load(stored, { threads: THREADS });
  const loadMs = performance.now() - start;
  try {
    const classes: Verification['classes'][number][] = [];
    const cosines: number[] = [];
    for (const path of [...examples.map((example) => example.path), ...photos]) {
      const image = await imageTensor(path, preprocessing);
      const exact = await reference.run({ [IMAGE]: image });
      const approximate = await shipped.run({ [IMAGE]: image });
      cosines.push(cosine(approximate.pool!.data, exact.pool!.data));
      if (cosines.at(-1)! < LEAST_COSINE) {
        throw new UserError(
          `expected ${network.name}'s features of ${path} to have a cosine of at least ${LEAST_COSINE} but got ${cosines.at(-1)}`,
        );
      }
      const example = examples.find((candidate) => candidate.path === path);
      if (example !== undefined) {
        classes.push({ path, likeliest: likeliest(exact.logits!.data, labels) });
        checkClass(network, example, classes.at(-1)!.likeliest[0]!.label);
      }
    }
    return {
      classes,
      cosine: {
        mean: cosines.reduce((a, b) => a + b, 0) / cosines.length,
        least: Math.min(...cosines),
        photos: cosines.length,
      },
      loadMs,
      msPerImage: await time(shipped, network.size),
    };
  } finally {
    await Promise.all([reference.release(), shipped.release()]);
  }
}

function checkClass(network: Network, { path, classes }: Example, label: string): void {
  if (!classes.includes(label)) {
    throw new UserError(
      `expected ${network.name} to see one of ${classes.join(', ')} in ${path} but got ${label}`,
    );
  }
}

/** One photograph as [1,3,size,size]. */
async function imageTensor(path: string, preprocessing: Preprocessing): Promise<FloatTensor> {
  const { size } = preprocessing;
  return { dims: [1, 3, size, size], data: await readPixels(path, preprocessing) };
}

/** The three classes with the largest softmax probability. */
function likeliest(logits: Float32Array, labels: readonly string[]): ClassScore[] {
  const largest = Math.max(...logits);
  const exponentials = Array.from(logits, (logit) => Math.exp(logit - largest));
  const sum = exponentials.reduce((a, b) => a + b, 0);
  return exponentials
    .map((value, index) => ({ label: labels[index] ?? `class ${index}`, probability: value / sum }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, 3);
}

/** Cosine of the angle between two vectors of the same length. */
export function cosine(a: Float32Array, b: Float32Array): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!;
    aa += a[i]! ** 2;
    bb += b[i]! ** 2;
  }
  return dot / Math.sqrt(aa * bb);
}

/** The best of five runs after one to warm up: what the machine can do when nothing else runs. */
async function time(session: Session, size: number): Promise<Verification['msPerImage']> {
  const results: Verification['msPerImage'][number][] = [];
  for (const batch of BATCHES) {
    const image = { dims: [batch, 3, size, size], data: new Float32Array(batch * 3 * size * size).fill(0.5) };
    let best = Number.POSITIVE_INFINITY;
    for (let run = 0; run <= 5; run++) {
      const start = performance.now();
      await session.run({ [IMAGE]: image });
      if (run > 0) best = Math.min(best, performance.now() - start);
    }
    results.push({ batch, ms: best / batch });
  }
  return results;
}
