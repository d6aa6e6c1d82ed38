import { InternalError } from '../errors.ts';
import type { StepDecoder } from './step-decoder.ts';

/**
 * Several decoders that write one caption together: P(word) is the arithmetic mean of their P(word) (as in
 * Sutskever et al. 2014 and Vinyals et al. 2015, "Show and Tell"). They share the word that was chosen, and
 * each keeps a state of its own. One decoder alone gives exactly what it gives without this class.
 */
export class EnsembleDecoder<State> implements StepDecoder<readonly State[]> {
  readonly vocabularySize: number;

  constructor(private readonly members: readonly StepDecoder<State>[]) {
    const [size, ...others] = members.map(({ vocabularySize }) => vocabularySize);
    if (size === undefined) throw new InternalError('expected the decoders of an ensemble but got none');
    const other = others.find((otherSize) => otherSize !== size);
    if (other !== undefined) {
      throw new InternalError(`expected decoders of one vocabulary but got ${size} and ${other} words`);
    }
    this.vocabularySize = size;
  }

  start(features: Float32Array, rows: number): Promise<readonly State[]> {
    return Promise.all(this.members.map((member) => member.start(features, rows)));
  }

  async step(
    tokens: Int32Array,
    states: readonly State[],
  ): Promise<{ logProbs: Float32Array; state: readonly State[] }> {
    const steps = await Promise.all(this.members.map((member, i) => member.step(tokens, states[i]!)));
    return {
      logProbs: meanProbability(steps.map(({ logProbs }) => logProbs)),
      state: steps.map(({ state }) => state),
    };
  }

  select(states: readonly State[], rows: Int32Array): readonly State[] {
    return this.members.map((member, i) => member.select(states[i]!, rows));
  }
}

/** log of the mean of the probabilities, place by place: log-probabilities of the same shape in and out. */
function meanProbability(members: readonly Float32Array[]): Float32Array {
  const [first] = members;
  if (members.length === 1) return first!;
  const mean = new Float32Array(first!.length);
  for (let i = 0; i < mean.length; i++) {
    // Relative to the highest, so that no probability underflows; a NaN of any member stays one.
    let highest = -Infinity;
    for (const logProbs of members) highest = Math.max(highest, logProbs[i]!);
    let sum = 0;
    for (const logProbs of members) sum += Math.exp(logProbs[i]! - highest);
    mean[i] = highest === -Infinity ? -Infinity : highest + Math.log(sum / members.length);
  }
  return mean;
}
