import type { Manifest } from './manifest.ts';

/** A CIDEr that a model was measured at, and on what. */
export interface MeasuredCider {
  readonly on: string;
  readonly value: number;
}

/**
 * The CIDErs that a model's `model.json` tells of, those of its scores before those of its training. Both are in the
 * words of whoever wrote them: a number counts if its key says CIDEr, and the keys on the way to it say on what.
 */
export function measuredCiders({ scores = {}, training }: Manifest): MeasuredCider[] {
  return [...cidersIn(scores), ...cidersIn(training)];
}

function cidersIn(record: object, on: readonly string[] = []): MeasuredCider[] {
  return Object.entries(record).flatMap(([key, value]) => {
    if (typeof value === 'number' && /cider/i.test(key)) {
      const rest = key.replace(/[\s_-]*cider(-?d)?[\s_-]*/i, '');
      return [{ on: [...on, rest].filter(Boolean).join(' '), value }];
    }
    return typeof value === 'object' && value !== null ? cidersIn(value, [...on, key]) : [];
  });
}
