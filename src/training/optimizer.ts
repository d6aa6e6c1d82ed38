/** Arrays by parameter name. */
export type Arrays = ReadonlyMap<string, Float32Array>;

/** What an optimizer remembers between steps. */
export interface AdamState {
  step: number;
  /** Running mean of the gradients. */
  readonly m: Arrays;
  /** Running mean of their squares. */
  readonly v: Arrays;
}

export interface AdamOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

const ADAM: AdamOptions = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

export function adamInit(weights: Arrays): AdamState {
  const zeros = () => new Map([...weights].map(([name, w]) => [name, new Float32Array(w.length)]));
  return { step: 0, m: zeros(), v: zeros() };
}

/**
 * Adam (Kingma & Ba 2015, algorithm 1), in place: m and v are running means of g and g^2, both corrected
 * for starting at zero; w -= rate m / (sqrt(v) + epsilon). Gradients are multiplied by `scale` on the way
 * (for clipping), which saves a pass over them.
 */
export function adamUpdate(
  weights: Arrays,
  gradients: Arrays,
  state: AdamState,
  learningRate: number,
  scale = 1,
  { beta1, beta2, epsilon }: AdamOptions = ADAM,
): void {
  state.step++;
  const correction1 = 1 - beta1 ** state.step;
  const correction2 = Math.sqrt(1 - beta2 ** state.step);
  // The corrections moved out of the loop (Kingma & Ba, end of section 2).
  const rate = (learningRate * correction2) / correction1;
  const eps = epsilon * correction2;
  for (const [name, w] of weights) {
    const g = gradients.get(name)!;
    const m = state.m.get(name)!;
    const v = state.v.get(name)!;
    for (let i = 0; i < w.length; i++) {
      const gi = g[i] * scale;
      const mi = beta1 * m[i] + (1 - beta1) * gi;
      const vi = beta2 * v[i] + (1 - beta2) * gi * gi;
      m[i] = mi;
      v[i] = vi;
      w[i] -= (rate * mi) / (Math.sqrt(vi) + eps);
    }
  }
}

/** Euclidean length of all gradients together. */
export function globalNorm(gradients: Arrays): number {
  let total = 0;
  for (const g of gradients.values()) {
    let sum = 0;
    for (let i = 0; i < g.length; i++) sum += g[i] * g[i];
    total += sum;
  }
  return Math.sqrt(total);
}

/** Factor that brings gradients of this norm down to at most `limit` (Pascanu et al. 2013). */
export function clipScale(norm: number, limit: number): number {
  return norm > limit ? limit / norm : 1;
}

/**
 * Moves the running average of the weights a step towards them (Polyak averaging): the average of the last
 * 1 / (1 - decay) steps or so, of fewer at the start.
 */
export function averageUpdate(average: Arrays, weights: Arrays, decay: number, step: number): void {
  const rate = 1 - Math.min(decay, (1 + step) / (10 + step));
  for (const [name, w] of weights) {
    const mean = average.get(name)!;
    for (let i = 0; i < w.length; i++) mean[i] += rate * (w[i] - mean[i]);
  }
}
