import type { Arrays } from './optimizer.ts';

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

/** Factor that brings gradients of this norm down to at most `limit` (Pascanu et al. 2013); 0 is no limit. */
export function clipScale(norm: number, limit: number): number {
  return limit > 0 && norm > limit ? limit / norm : 1;
}

/** Brings every gradient between -limit and limit, in place (min-char-rnn's clipping). */
export function clipValues(gradients: Arrays, limit: number): void {
  for (const g of gradients.values()) {
    for (let i = 0; i < g.length; i++) {
      if (g[i] > limit) g[i] = limit;
      else if (g[i] < -limit) g[i] = -limit;
    }
  }
}
