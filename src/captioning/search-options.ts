import { UserError } from '../errors.ts';

/** A number, or the text of one as it was typed on the command line. */
type Numeric = number | string;

/** How to search, as asked for; what is left out takes its default. */
export interface SearchRequest {
  /** Draw words at random rather than look for the likeliest caption (false). */
  readonly sample?: boolean | undefined;
  /** Hypotheses kept at each step; 1 is greedy search (3, or `count` if that is more). Sampling has none. */
  readonly beam?: Numeric | undefined;
  /** Captions for each image (1); beam search gives at most `beam`. */
  readonly count?: Numeric | undefined;
  /** Fewest words (1). */
  readonly minLength?: Numeric | undefined;
  /** Most words (20). */
  readonly maxLength?: Numeric | undefined;
  /** alpha in score = logProb / length^alpha; 0 is the plain log-probability (0). */
  readonly lengthPenalty?: Numeric | undefined;
  /** Sampling: below 1 nearer to the likeliest words, above 1 more varied (1). */
  readonly temperature?: Numeric | undefined;
  /** Sampling: draw from the k likeliest words only (all). */
  readonly topK?: Numeric | undefined;
  /** Sampling: draw from the fewest likeliest words that together have this probability (1: all). */
  readonly topP?: Numeric | undefined;
  /** Sampling: the same seed gives the same captions (0). */
  readonly seed?: Numeric | undefined;
}

/** A checked request with its defaults; made by `searchOptions` only. */
export interface SearchOptions {
  readonly sample: boolean;
  readonly beam: number;
  readonly count: number;
  readonly minLength: number;
  readonly maxLength: number;
  readonly lengthPenalty: number;
  readonly temperature: number;
  readonly topK: number | undefined;
  readonly topP: number;
  readonly seed: number;
}

/** More than this is a slip of the finger and would only exhaust memory. */
const MOST = 1000;

/** Checks a request; the errors name the option as on the command line. */
export function searchOptions(request: SearchRequest = {}): SearchOptions {
  const sample = request.sample ?? false;
  const count = whole('--count', request.count, 1, 1, MOST);
  // Asking for five captions without a beam asks for a beam of five.
  const beam = whole('--beam', request.beam, Math.max(3, count), 1, MOST);
  if (!sample && count > beam) {
    throw new UserError(`expected --count to be at most the beam's width ${beam} but got ${count}`, {
      hint: `use --beam ${count}, or --sample for captions drawn at random`,
    });
  }
  const maxLength = whole('--max-length', request.maxLength, 20, 1, MOST);
  const minLength = whole('--min-length', request.minLength, 1, 0, MOST);
  if (minLength > maxLength) {
    throw new UserError(`expected --min-length to be at most --max-length ${maxLength} but got ${minLength}`);
  }
  if (!sample) {
    const stray = (['temperature', 'topK', 'topP'] as const).find((key) => request[key] !== undefined);
    if (stray !== undefined) {
      const option = { temperature: '--temperature', topK: '--top-k', topP: '--top-p' }[stray];
      throw new UserError(`expected ${option} together with --sample but got a beam search`, {
        hint: `add --sample, or leave ${option} out`,
      });
    }
  }
  return {
    sample,
    beam,
    count,
    minLength,
    maxLength,
    lengthPenalty: real('--length-penalty', request.lengthPenalty, 0, '0 or more', (x) => x >= 0),
    temperature: real('--temperature', request.temperature, 1, 'more than 0', (x) => x > 0),
    topK:
      request.topK === undefined ? undefined : whole('--top-k', request.topK, 1, 1, Number.MAX_SAFE_INTEGER),
    topP: real('--top-p', request.topP, 1, 'more than 0 and at most 1', (x) => x > 0 && x <= 1),
    seed: whole('--seed', request.seed, 0, 0, Number.MAX_SAFE_INTEGER),
  };
}

function whole(
  option: string,
  given: Numeric | undefined,
  standard: number,
  least: number,
  most: number,
): number {
  const value = given === undefined ? standard : toNumber(given);
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new UserError(`expected ${option} to be a whole number from ${least} to ${most} but got ${given}`);
  }
  return value;
}

function real(
  option: string,
  given: Numeric | undefined,
  standard: number,
  range: string,
  fits: (value: number) => boolean,
): number {
  const value = given === undefined ? standard : toNumber(given);
  if (!Number.isFinite(value) || !fits(value)) {
    throw new UserError(`expected ${option} to be a number, ${range}, but got ${given}`);
  }
  return value;
}

/** NaN for text that is no number; `Number` alone would take the empty text for 0. */
function toNumber(given: Numeric): number {
  return typeof given === 'string' && given.trim() === '' ? Number.NaN : Number(given);
}
