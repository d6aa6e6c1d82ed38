import type { StepDecoder } from '../captioning/step-decoder.ts';
import type { Random } from '../random.ts';
import { UNK } from '../text/vocabulary.ts';
import type { Batch } from './batches.ts';

/**
 * Scheduled sampling (Bengio et al. 2015): each input word behind <start> is, with probability `share`, one
 * that the model draws itself after the inputs so far, so that it learns to go on from its own words. Changes
 * `batch.inputs` in place; targets stay, and no gradient flows through the drawing.
 *
 * @param decoder the model as it is now, without dropout
 */
export async function mixInOwnWords<State>(
  batch: Batch,
  decoder: StepDecoder<State>,
  share: number,
  random: Random,
): Promise<void> {
  const { inputs, steps } = batch;
  const V = decoder.vocabularySize;
  let state: State = await decoder.start(batch.image, batch.captions);
  let from = 0;
  for (let t = 0; t + 1 < steps.length && steps[t + 1] > 0n; t++) {
    const next = from + Number(steps[t]);
    const { logProbs, state: after } = await decoder.step(inputs.slice(from, next), state);
    // Captions are sorted by falling length: those that go on are the first rows.
    const going = Number(steps[t + 1]);
    for (let row = 0; row < going; row++) {
      if (random.next() >= share) continue;
      inputs[next + row] = drawWord(logProbs.subarray(row * V, (row + 1) * V), random);
    }
    state = decoder.select(
      after,
      Int32Array.from({ length: going }, (_, row) => row),
    );
    from = next;
  }
}

/** A word by its probability [V] among real words: the captions that are read go on, and search says no <unk>. */
function drawWord(logProbs: Float32Array, random: Random): number {
  let mass = 0;
  for (let word = UNK + 1; word < logProbs.length; word++) mass += Math.exp(logProbs[word]);
  let target = random.next() * mass;
  for (let word = UNK + 1; word < logProbs.length; word++) {
    target -= Math.exp(logProbs[word]);
    if (target < 0) return word;
  }
  return logProbs.length - 1;
}
