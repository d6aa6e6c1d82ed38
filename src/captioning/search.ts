import { InternalError } from '../errors.ts';
import { sha256 } from '../files/sha256.ts';
import { Random } from '../random.ts';
import { beamSearch } from './beam.ts';
import type { Hypothesis } from './hypothesis.ts';
import { sampleCaptions } from './sampling.ts';
import type { SearchOptions } from './search-options.ts';
import type { StepDecoder } from './step-decoder.ts';

/**
 * Looks for the captions of B images, which decode as one batch of up to B x beam (or B x count) rows.
 *
 * Captions have `minLength` to `maxLength` words and no PAD, START or UNK. After `maxLength` words only
 * END may follow. Where nothing allowed has a probability above 0, a caption is cut and counts as not
 * ended: a model that never ends still yields captions, of `maxLength` words.
 *
 * Samples depend on the seed and the image's features alone: an image gets the same ones in any company.
 *
 * @param features [B,F] row-major
 * @param options from `searchOptions`
 * @returns for each image up to `count` captions, best first, at least one
 * @throws UserError when the model gives NaN
 */
export async function search<State>(
  decoder: StepDecoder<State>,
  features: Float32Array,
  images: number,
  options: SearchOptions,
): Promise<Hypothesis[][]> {
  if (images === 0) return [];
  if (features.length % images !== 0) {
    throw new InternalError(`expected features of ${images} images but got ${features.length} values`);
  }
  if (!options.sample) return beamSearch(decoder, features, images, options);
  const seeded = new Random(options.seed);
  const F = features.length / images;
  const randoms = Array.from({ length: images }, (_, i) =>
    seeded.fork(keyOf(features.subarray(i * F, (i + 1) * F))),
  );
  return sampleCaptions(decoder, features, randoms, options);
}

/** A whole number below 2^48 that stands for an image when sampling. */
function keyOf(feature: Float32Array): number {
  const bytes = new Uint8Array(feature.buffer, feature.byteOffset, feature.byteLength);
  return Number.parseInt(sha256(bytes).slice(0, 12), 16);
}
