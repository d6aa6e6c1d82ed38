import { UserError } from '../errors.ts';

/** One of `count` equal shares of the work. */
export interface Shard {
  /** From 0. */
  readonly index: number;
  readonly count: number;
}

/**
 * A shard as `--shard` names it: `3/8` for the third of eight; `auto` for what a SLURM array or a Kubernetes
 * indexed job says in the environment (where both do, SLURM is the nearer one, started within the other);
 * `auto/8` likewise, and makes sure that there are eight.
 *
 * @throws UserError for any other text, and where the environment doesn't tell the shard
 */
export function parseShard(text: string, env: NodeJS.ProcessEnv): Shard {
  const parts = /^(?:(auto)|(\d{1,9}))(?:\/(\d{1,9}))?$/.exec(text);
  const [, auto, number, count] = parts ?? [];
  if (auto === undefined && (number === undefined || count === undefined)) {
    throw new UserError(`expected --shard to be like 3/8, auto or auto/8 but got ${text || 'an empty text'}`);
  }
  if (count !== undefined && Number(count) === 0) {
    throw new UserError(`expected --shard to be one of at least 1 but got ${text}`);
  }
  if (auto !== undefined) return fromEnvironment(env, count === undefined ? undefined : Number(count));
  const shard = { index: Number(number) - 1, count: Number(count) };
  if (shard.index < 0 || shard.index >= shard.count) {
    throw new UserError(`expected --shard to be from 1/${count} to ${count}/${count} but got ${text}`, {
      hint: 'shards are counted from 1',
    });
  }
  return shard;
}

/**
 * The shard's run of a list: the shards together hold everything once, in the list's order from the first shard
 * to the last, and their lengths differ by one at most.
 */
export function shardOf<Item>(items: readonly Item[], { index, count }: Shard): Item[] {
  const start = (shard: number) => Math.floor((shard * items.length) / count);
  return items.slice(start(index), start(index + 1));
}

function fromEnvironment(env: NodeJS.ProcessEnv, expected: number | undefined): Shard {
  if (env[SLURM.id]) return fromSlurm(env, expected);
  if (env[KUBERNETES.index]) return fromKubernetes(env, expected);
  throw new UserError(
    `expected ${SLURM.id} (SLURM) or ${KUBERNETES.index} (Kubernetes) in the environment but got neither`,
    { hint: 'name the shard yourself where no scheduler does, for instance --shard 3/8' },
  );
}

/** What sbatch sets for the tasks of an array (https://slurm.schedmd.com/job_array.html). */
const SLURM = {
  id: 'SLURM_ARRAY_TASK_ID',
  count: 'SLURM_ARRAY_TASK_COUNT',
  min: 'SLURM_ARRAY_TASK_MIN',
  max: 'SLURM_ARRAY_TASK_MAX',
  step: 'SLURM_ARRAY_TASK_STEP',
};

function fromSlurm(env: NodeJS.ProcessEnv, expected: number | undefined): Shard {
  const id = numberIn(env, SLURM.id);
  const count = numberIn(env, SLURM.count);
  const min = numberIn(env, SLURM.min);
  const max = numberIn(env, SLURM.max);
  // An array of one task has no step.
  const step = Math.max(1, numberIn(env, SLURM.step));
  const index = (id - min) / step;
  if (max !== min + (count - 1) * step || !Number.isInteger(index) || index < 0 || index >= count) {
    throw new UserError(
      `expected a SLURM array with even steps but got task ${id} of ${count} from ${min} to ${max} by ${step}`,
      { hint: `submit it with --array=1-${count}, or name the shard yourself: --shard 3/8` },
    );
  }
  return agreed({ index, count }, expected, SLURM.count);
}

/**
 * What Kubernetes sets for the pods of an indexed job (https://kubernetes.io/docs/concepts/workloads/controllers/job/),
 * and what the manifest has to: the number of completions isn't in the environment by itself.
 */
const KUBERNETES = { index: 'JOB_COMPLETION_INDEX', count: 'JOB_COMPLETIONS' };

function fromKubernetes(env: NodeJS.ProcessEnv, expected: number | undefined): Shard {
  const index = numberIn(env, KUBERNETES.index);
  if (!env[KUBERNETES.count] && expected === undefined) {
    throw new UserError(`expected the number of completions in ${KUBERNETES.count} but it is not set`, {
      hint: `set it in the manifest to what completions says, or give the number: --shard auto/8`,
    });
  }
  const count = env[KUBERNETES.count] ? numberIn(env, KUBERNETES.count) : expected!;
  if (index >= count) {
    throw new UserError(
      `expected ${KUBERNETES.index} to be below ${count}, the completions, but got ${index}`,
    );
  }
  return agreed({ index, count }, expected, KUBERNETES.count);
}

function agreed(shard: Shard, expected: number | undefined, variable: string): Shard {
  if (expected === undefined || expected === shard.count) return shard;
  throw new UserError(
    `expected ${variable} to be ${expected} as in auto/${expected} but got ${shard.count}`,
    {
      hint: 'the shards of one archive are all cut with the same number',
    },
  );
}

function numberIn(env: NodeJS.ProcessEnv, variable: string): number {
  const text = env[variable];
  if (text === undefined || !/^\d{1,9}$/.test(text)) {
    throw new UserError(`expected a number in ${variable} but ${text ? `got ${text}` : 'it is not set'}`);
  }
  return Number(text);
}
