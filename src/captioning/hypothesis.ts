/** The beginning of a caption: words so far (START left out) and log P(words | image). */
export interface Prefix {
  readonly tokens: readonly number[];
  readonly logProb: number;
}

/** A caption as search found it. */
export interface Hypothesis {
  /** Word ids without START and END. */
  readonly tokens: readonly number[];
  /** The model's own log P(tokens | image), that of END included when it ended. */
  readonly logProb: number;
  /** logProb / length^alpha: what hypotheses are ranked by. */
  readonly score: number;
  /** Whether the model ended it; otherwise it was cut where the model gave nothing allowed a probability. */
  readonly ended: boolean;
}

/**
 * logProb / length^alpha, where length counts the words and END. With alpha = 0 it is the plain
 * log-probability, which favours short captions; alpha = 1 is the mean per word; in between is the
 * length normalisation of Wu et al. 2016 (arXiv:1609.08144, eq. 14) without its constant.
 */
export function lengthScore(logProb: number, length: number, alpha: number): number {
  return alpha === 0 ? logProb : logProb / Math.max(1, length) ** alpha;
}

/** The finished caption of a prefix; `prefix.logProb` holds END's share already if it ended. */
export function finish(prefix: Prefix, ended: boolean, alpha: number): Hypothesis {
  const length = prefix.tokens.length + (ended ? 1 : 0);
  return { ...prefix, score: lengthScore(prefix.logProb, length, alpha), ended };
}

/** The `count` best by score, best first; of equals the earlier. */
export function bestOf(hypotheses: readonly Hypothesis[], count: number): Hypothesis[] {
  return hypotheses.toSorted((a, b) => b.score - a.score).slice(0, count);
}
