import { InternalError } from '../errors.ts';
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
 * @param features [B,F] row-major
 * @param options from `searchOptions`
 * @param keys whole numbers that stand for the images when sampling: with the same seed and key an image
 *   gets the same captions in any batch. By default its place in this batch
 * @returns for each image up to `count` captions, best first, at least one
 * @throws UserError when the model gives NaN
 */
export async function search<State>(
  decoder: StepDecoder<State>,
  features: Float32Array,
  images: number,
  options: SearchOptions,
  keys: readonly number[] = Array.from({ length: images }, (_, image) => image),
): Promise<Hypothesis[][]> {
  if (images === 0) return [];
  if (features.length % images !== 0 || keys.length !== images) {
    throw new InternalError(
      `expected features and keys of ${images} images but got ${features.length} values, ${keys.length} keys`,
    );
  }
  if (!options.sample) return beamSearch(decoder, features, images, options);
  const seeded = new Random(options.seed);
  const randoms = keys.map((key) => seeded.fork(key));
  return sampleCaptions(decoder, features, randoms, options);
}
