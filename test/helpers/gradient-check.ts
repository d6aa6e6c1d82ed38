import { gradients } from '../../src/graph/backward.ts';
import { type Expr, type ExprOf, topologicalOrder } from '../../src/graph/expr.ts';
import { evaluate, type Value } from './interpreter.ts';

/** Half the distance between the two points of a central difference. */
const STEP = 1e-5;
/** A derivative smaller than this is compared absolutely: a relative error of almost nothing says nothing. */
const FLOOR = 1e-2;
/** Truncation (STEP^2) and rounding (2^-53 / STEP) errors of well-scaled functions stay far below. */
const TOLERANCE = 1e-6;

/** One partial derivative, computed both ways. */
export interface Partial {
  readonly input: string;
  readonly index: number;
  readonly analytic: number;
  readonly numeric: number;
  /** |analytic - numeric| over the larger of the two (or FLOOR). */
  readonly error: number;
}

export interface CheckOptions {
  /** At most so many entries of each input, spread evenly; all by default. */
  readonly entries?: number;
}

/**
 * Compares `gradients` with central differences, both in float64: every entry of every float32 input
 * that the loss reads (dropout masks, ids and sizes are not differentiated). Returns the worst entry.
 */
export function worstPartial(
  loss: Expr,
  inputs: Readonly<Record<string, Value>>,
  options: CheckOptions = {},
): Partial {
  const wrt = topologicalOrder([loss]).filter(
    (node): node is ExprOf<'input'> => node.op === 'input' && node.dtype === 'float32',
  );
  const names = wrt.map((x) => x.attributes.name);
  const analytic = evaluate(Object.fromEntries(gradients(loss, wrt).map((g, i) => [names[i], g])), inputs);

  let worst: Partial | undefined;
  for (const name of names) {
    const { dims, data } = inputs[name];
    const stride = Math.max(1, Math.ceil(data.length / (options.entries ?? data.length)));
    if (analytic[name].data.length !== data.length) {
      throw new Error(`gradient of ${name} is [${analytic[name].dims}], expected [${dims}]`);
    }
    for (let index = 0; index < data.length; index += stride) {
      const lossAt = (change: number) => {
        const moved = Float64Array.from(data, Number);
        moved[index] += change;
        return evaluate({ loss }, { ...inputs, [name]: { dims, data: moved } }).loss.data[0];
      };
      const numeric = (lossAt(STEP) - lossAt(-STEP)) / (2 * STEP);
      const exact = analytic[name].data[index];
      const error = Math.abs(exact - numeric) / Math.max(Math.abs(exact), Math.abs(numeric), FLOOR);
      // NaN counts as the worst there is.
      if (worst === undefined || !(error <= worst.error)) {
        worst = { input: name, index, analytic: exact, numeric, error };
      }
      if (Number.isNaN(error)) return worst;
    }
  }
  if (worst === undefined) throw new Error('nothing to differentiate');
  return worst;
}

/** Throws with the worst entry if the gradients of `loss` are not what finite differences say. */
export function checkGradients(
  loss: Expr,
  inputs: Readonly<Record<string, Value>>,
  options: CheckOptions = {},
): void {
  const worst = worstPartial(loss, inputs, options);
  if (!(worst.error <= TOLERANCE)) {
    throw new Error(
      `wrong derivative by ${worst.input}[${worst.index}]: ` +
        `${worst.analytic} but finite differences give ${worst.numeric} (error ${worst.error.toExponential(1)})`,
    );
  }
}
