import type { Random } from '../../../src/random.ts';
import { dot, norm, type Vector } from './linear-algebra.ts';

/** A step of a wave: what its maker hears, the commanded frequency and the output before, and the right output. */
export interface Moment {
  readonly frequency: number;
  readonly heard: number;
  readonly y: number;
}

/**
 * A sine wave that changes its frequency, from 0.05 to 0.15 waves a step, every 100 steps. What is heard of it is a
 * little noisy: a net that has learnt from an exact wave wouldn't come back to it from its own errors.
 */
export function teachingWave(steps: number, noise: number, random: Random): Moment[] {
  let [phase, heard] = [0, 0];
  return Array.from({ length: steps }, (_, t) => {
    // Multiples of the golden ratio, modulo 1, fill a range evenly and in no order.
    const frequency = 0.05 + 0.1 * ((Math.floor(t / 100) * 0.618034) % 1);
    phase += 2 * Math.PI * frequency;
    const moment = { frequency, heard, y: Math.sin(phase) };
    heard = moment.y + noise * (2 * random.next() - 1);
    return moment;
  });
}

/** How often a wave goes up through zero, a step. */
export function frequencyOf(wave: Vector): number {
  const crossings = [...wave].flatMap((y, t) => {
    const before = wave[t - 1];
    return before < 0 && y >= 0 ? [t - y / (y - before)] : [];
  });
  return crossings.length < 2 ? 0 : (crossings.length - 1) / (crossings.at(-1)! - crossings[0]);
}

/** How far a wave is from the sine of a frequency, whatever its phase: 0 is that sine, 1 as far as silence. */
export function distanceFromSine(wave: Vector, frequency: number): number {
  const angles = wave.map((_, t) => 2 * Math.PI * frequency * t);
  const phase = Math.atan2(dot(wave, angles.map(Math.cos)), dot(wave, angles.map(Math.sin)));
  const difference = wave.map((y, t) => y - Math.sin(angles[t] + phase));
  return norm(difference) / Math.sqrt(wave.length / 2);
}
