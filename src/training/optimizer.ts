import type { OptimizerName } from './options.ts';

/** Arrays by parameter name. */
export type Arrays = ReadonlyMap<string, Float32Array>;

/** What an optimizer remembers of each weight between steps, by the names of `Optimizer.slots`. */
export type Slots = Readonly<Record<string, Arrays>>;

/** One step's settings. */
export interface Update {
  /** Steps with this one, from 1 on. */
  readonly step: number;
  readonly learningRate: number;
  /** Gradients are multiplied by this on the way (for clipping), which saves a pass over them. */
  readonly scale: number;
  readonly momentum: number;
  readonly weightDecay: number;
}

/** A rule that moves weights by their gradients: what it remembers, and its step over one array, in place. */
interface Optimizer {
  readonly slots: readonly string[];
  readonly update: (w: Float32Array, g: Float32Array, slots: readonly Float32Array[], by: Update) => void;
}

const EPSILON = 1e-8;
/** Adam's decays of m and v, and RMSProp's of its mean square. */
const BETA1 = 0.9;
const BETA2 = 0.999;
const RHO = 0.99;

/** The optimizers of the lectures; g is the gradient with the L2 penalty's weightDecay * w. */
const OPTIMIZER_TABLE: Readonly<Record<OptimizerName, Optimizer>> = {
  /** Stochastic gradient descent with heavy-ball momentum (Polyak 1964): v = momentum v + g; w -= rate v. */
  sgd: {
    slots: ['velocity'],
    update: (w, g, [velocity], { learningRate, scale, momentum, weightDecay }) => {
      for (let i = 0; i < w.length; i++) {
        velocity[i] = momentum * velocity[i] + g[i] * scale + weightDecay * w[i];
        w[i] -= learningRate * velocity[i];
      }
    },
  },

  /** Duchi, Hazan & Singer 2011: s += g^2; w -= rate g / (sqrt(s) + epsilon). */
  adagrad: {
    slots: ['squares'],
    update: (w, g, [squares], { learningRate, scale, weightDecay }) => {
      for (let i = 0; i < w.length; i++) {
        const gi = g[i] * scale + weightDecay * w[i];
        squares[i] += gi * gi;
        w[i] -= (learningRate * gi) / (Math.sqrt(squares[i]) + EPSILON);
      }
    },
  },

  /** Tieleman & Hinton 2012 (lecture 6e): s is the running mean of g^2; w -= rate g / (sqrt(s) + epsilon). */
  rmsprop: {
    slots: ['squares'],
    update: (w, g, [squares], { learningRate, scale, weightDecay }) => {
      for (let i = 0; i < w.length; i++) {
        const gi = g[i] * scale + weightDecay * w[i];
        squares[i] = RHO * squares[i] + (1 - RHO) * gi * gi;
        w[i] -= (learningRate * gi) / (Math.sqrt(squares[i]) + EPSILON);
      }
    },
  },

  adam: { slots: ['m', 'v'], update: (w, g, slots, by) => adam(w, g, slots, by, by.weightDecay) },

  /** Adam whose weight decay is no part of the gradient (Loshchilov & Hutter 2019): w -= rate weightDecay w. */
  adamw: {
    slots: ['m', 'v'],
    update: (w, g, slots, by) => {
      const keep = 1 - by.learningRate * by.weightDecay;
      if (keep !== 1) for (let i = 0; i < w.length; i++) w[i] *= keep;
      adam(w, g, slots, by, 0);
    },
  },
};

/**
 * Adam (Kingma & Ba 2015, algorithm 1): m and v are running means of g and g^2, both corrected for starting
 * at zero; w -= rate m / (sqrt(v) + epsilon).
 */
function adam(
  w: Float32Array,
  g: Float32Array,
  [m, v]: readonly Float32Array[],
  { step, learningRate, scale }: Update,
  l2: number,
): void {
  // The corrections moved out of the loop (Kingma & Ba, end of section 2).
  const correction2 = Math.sqrt(1 - BETA2 ** step);
  const rate = (learningRate * correction2) / (1 - BETA1 ** step);
  const epsilon = EPSILON * correction2;
  for (let i = 0; i < w.length; i++) {
    const gi = g[i] * scale + l2 * w[i];
    const mi = BETA1 * m[i] + (1 - BETA1) * gi;
    const vi = BETA2 * v[i] + (1 - BETA2) * gi * gi;
    m[i] = mi;
    v[i] = vi;
    w[i] -= (rate * mi) / (Math.sqrt(vi) + epsilon);
  }
}

/** What an optimizer remembers before the first step: zeros. */
export function initialSlots(optimizer: OptimizerName, weights: Arrays): Slots {
  const zeros = () => new Map([...weights].map(([name, w]) => [name, new Float32Array(w.length)]));
  return Object.fromEntries(OPTIMIZER_TABLE[optimizer].slots.map((slot) => [slot, zeros()]));
}

/** One step, in place: moves the weights and what the optimizer remembers of them. */
export function updateWeights(
  optimizer: OptimizerName,
  weights: Arrays,
  gradients: Arrays,
  slots: Slots,
  by: Update,
): void {
  const { slots: names, update } = OPTIMIZER_TABLE[optimizer];
  for (const [name, w] of weights) {
    update(
      w,
      gradients.get(name)!,
      names.map((slot) => slots[slot].get(name)!),
      by,
    );
  }
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
