import type { Random } from '../random.ts';
import { START, UNK } from '../text/vocabulary.ts';

/**
 * Adds Gaussian noise to image features [B,F], in place.
 * @param share its standard deviation, as a share of each vector's root mean square
 */
export function addFeatureNoise(image: Float32Array, F: number, share: number, random: Random): void {
  for (let from = 0; from < image.length; from += F) {
    let squares = 0;
    for (let i = from; i < from + F; i++) squares += image[i] ** 2;
    const deviation = share * Math.sqrt(squares / F);
    for (let i = from; i < from + F; i++) image[i] += deviation * random.normal();
  }
}

/**
 * Hides input words behind <unk>, in place, so that the decoder can't lean on the words before alone
 * (Bowman et al. 2016, "word dropout"). <start> stays.
 */
export function dropWords(inputs: Int32Array, share: number, random: Random): void {
  for (let i = 0; i < inputs.length; i++) {
    if (inputs[i] !== START && random.next() < share) inputs[i] = UNK;
  }
}
