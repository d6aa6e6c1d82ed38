import { UserError } from '../errors.ts';

/** How to search, as asked for; what is left out takes its default (in brackets, where a model has no other). */
export interface SearchRequest {
  /** Draw words at random rather than look for the likeliest caption (false). */
  readonly sample?: boolean | undefined;
  /** Hypotheses kept at each step; 1 is greedy search (3, or `count` if that is more). Sampling has none. */
  readonly beam?: number | undefined;
  /** Captions for each image (1); beam search gives at most `beam`. */
  readonly count?: number | undefined;
  /** Fewest words (1). */
  readonly minLength?: number | undefined;
  /** Most words (20). */
  readonly maxLength?: number | undefined;
  /** alpha in score = logProb / length^alpha; 0 is the plain log-probability (0). */
  readonly lengthPenalty?: number | undefined;
  /** Sampling: below 1 nearer to the likeliest words, above 1 more varied (1). */
  readonly temperature?: number | undefined;
  /** Sampling: draw from the k likeliest words only (all). */
  readonly topK?: number | undefined;
  /** Sampling: draw from the fewest likeliest words that together have this probability (1: all). */
  readonly topP?: number | undefined;
  /** Sampling: the same seed gives the same captions (0). */
  readonly seed?: number | undefined;
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

/** What a request takes where it says nothing; a model brings its own. */
type SearchDefaults = Pick<SearchOptions, 'beam' | 'minLength' | 'maxLength' | 'lengthPenalty'>;

const DEFAULTS: SearchDefaults = { beam: 3, minLength: 1, maxLength: 20, lengthPenalty: 0 };

/** More than this is a slip of the finger and would only exhaust memory. */
const MOST = 1000;

/**
 * Checks a request and completes it: a larger `count` or `minLength` than the defaults allow for widens
 * them. The errors name the option as on the command line.
 */
export function searchOptions(
  request: SearchRequest = {},
  defaults: SearchDefaults = DEFAULTS,
): SearchOptions {
  const { sample = false } = request;
  const count = whole('--count', request.count, 1, MOST) ?? 1;
  // Asking for five captions without a beam asks for a beam of five.
  const beam = whole('--beam', request.beam, 1, MOST) ?? Math.max(defaults.beam, count);
  if (!sample && count > beam) {
    throw new UserError(`expected --count to be at most the beam's width ${beam} but got ${count}`, {
      hint: `use --beam ${count}, or --sample for captions drawn at random`,
    });
  }
  const least = whole('--min-length', request.minLength, 0, MOST);
  const most = whole('--max-length', request.maxLength, 1, MOST);
  if (least !== undefined && most !== undefined && least > most) {
    throw new UserError(`expected --min-length to be at most --max-length ${most} but got ${least}`);
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
    minLength: least ?? Math.min(defaults.minLength, most ?? defaults.maxLength),
    maxLength: most ?? Math.max(defaults.maxLength, least ?? 0),
    lengthPenalty:
      real('--length-penalty', request.lengthPenalty, '0 or more', (x) => x >= 0) ?? defaults.lengthPenalty,
    temperature: real('--temperature', request.temperature, 'more than 0', (x) => x > 0) ?? 1,
    topK: whole('--top-k', request.topK, 1, Number.MAX_SAFE_INTEGER),
    topP: real('--top-p', request.topP, 'more than 0 and at most 1', (x) => x > 0 && x <= 1) ?? 1,
    seed: whole('--seed', request.seed, 0, Number.MAX_SAFE_INTEGER) ?? 0,
  };
}

function whole(option: string, given: number | undefined, least: number, most: number): number | undefined {
  if (given === undefined || (Number.isInteger(given) && given >= least && given <= most)) return given;
  throw new UserError(`expected ${option} to be a whole number from ${least} to ${most} but got ${given}`);
}

function real(
  option: string,
  given: number | undefined,
  range: string,
  fits: (value: number) => boolean,
): number | undefined {
  if (given === undefined || (Number.isFinite(given) && fits(given))) return given;
  throw new UserError(`expected ${option} to be a number, ${range}, but got ${given}`);
}
