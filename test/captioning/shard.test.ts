import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseShard, shardOf } from '../../src/captioning/shard.ts';
import type { UserError } from '../../src/errors.ts';

/** The environment of one task of a SLURM array. */
function slurm(id: number, ids: readonly number[], step: number): Record<string, string> {
  return {
    SLURM_ARRAY_TASK_ID: `${id}`,
    SLURM_ARRAY_TASK_COUNT: `${ids.length}`,
    SLURM_ARRAY_TASK_MIN: `${Math.min(...ids)}`,
    SLURM_ARRAY_TASK_MAX: `${Math.max(...ids)}`,
    SLURM_ARRAY_TASK_STEP: `${step}`,
  };
}

const pod = (index: number, completions?: number) => ({
  JOB_COMPLETION_INDEX: `${index}`,
  ...(completions === undefined ? {} : { JOB_COMPLETIONS: `${completions}` }),
});

/** Message and hint of the error that a text is refused with. */
function refusal(text: string, env: Record<string, string> = {}): string {
  try {
    return `taken: ${JSON.stringify(parseShard(text, env))}`;
  } catch (error) {
    const { message, hint } = error as UserError;
    return hint === undefined ? message : `${message}; ${hint}`;
  }
}

test('shards are disjoint, complete and in order, and their lengths differ by one at most', () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.integer({ min: 1, max: 300 }), (items, count) => {
      const shards = Array.from({ length: count }, (_, index) => shardOf(items, { index, count }));
      expect(shards.flat()).toEqual(items);
      const lengths = shards.map(({ length }) => length);
      expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(1);
    }),
  );
});

test('i/n counts from 1', () => {
  expect(parseShard('1/8', {})).toEqual({ index: 0, count: 8 });
  expect(parseShard('8/8', {})).toEqual({ index: 7, count: 8 });
  expect(parseShard('3/8', slurm(1, [1], 1))).toEqual({ index: 2, count: 8 });
  for (const text of [
    '',
    '3',
    '/8',
    '3/',
    '3/8/1',
    '-1/8',
    '3 / 8',
    '1.5/8',
    'a/8',
    'AUTO',
    'auto/',
    'auto/x',
  ]) {
    expect(refusal(text)).toBe(
      `expected --shard to be like 3/8, auto or auto/8 but got ${text || 'an empty text'}`,
    );
  }
  expect(refusal('0/8')).toBe(
    'expected --shard to be from 1/8 to 8/8 but got 0/8; shards are counted from 1',
  );
  expect(refusal('9/8')).toContain('from 1/8 to 8/8 but got 9/8');
  expect(refusal('1/0')).toBe('expected --shard to be one of at least 1 but got 1/0');
  expect(refusal('auto/0')).toBe('expected --shard to be one of at least 1 but got auto/0');
});

describe('auto', () => {
  test('in SLURM arrays that count evenly from anywhere', () => {
    for (const [ids, step] of [
      [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 1],
      [[0, 1, 2], 1],
      [[1, 3, 5, 7], 2],
      [[5], 1],
      [[5], 0],
    ] as const) {
      const shards = ids.map((id) => parseShard('auto', slurm(id, ids, step)));
      expect(shards).toEqual(ids.map((_, index) => ({ index, count: ids.length })));
    }
    expect(parseShard('auto/3', slurm(2, [0, 1, 2], 1))).toEqual({ index: 2, count: 3 });
  });

  test('is refused for every task of an array with uneven steps', () => {
    for (const step of [1, 2]) {
      for (const id of [1, 3, 7]) {
        expect(refusal('auto', slurm(id, [1, 3, 7], step))).toBe(
          `expected a SLURM array with even steps but got task ${id} of 3 from 1 to 7 by ${step}; ` +
            'submit it with --array=1-3, or name the shard yourself: --shard 3/8',
        );
      }
    }
  });

  test('in Kubernetes indexed jobs, with the number from the manifest or the option', () => {
    expect(parseShard('auto', pod(0, 8))).toEqual({ index: 0, count: 8 });
    expect(parseShard('auto', pod(7, 8))).toEqual({ index: 7, count: 8 });
    expect(parseShard('auto/8', pod(7))).toEqual({ index: 7, count: 8 });
    expect(refusal('auto', pod(7))).toBe(
      'expected the number of completions in JOB_COMPLETIONS but it is not set; ' +
        'set it in the manifest to what completions says, or give the number: --shard auto/8',
    );
    expect(refusal('auto', pod(8, 8))).toBe(
      'expected JOB_COMPLETION_INDEX to be below 8, the completions, but got 8',
    );
  });

  test('SLURM is nearer than Kubernetes', () => {
    expect(parseShard('auto', { ...pod(0, 2), ...slurm(3, [1, 2, 3, 4], 1) })).toEqual({
      index: 2,
      count: 4,
    });
  });

  test('needs an environment that is whole, and as large as the option says', () => {
    expect(refusal('auto')).toBe(
      'expected SLURM_ARRAY_TASK_ID (SLURM) or JOB_COMPLETION_INDEX (Kubernetes) in the environment but got ' +
        'neither; name the shard yourself where no scheduler does, for instance --shard 3/8',
    );
    expect(refusal('auto/8', { SLURM_ARRAY_TASK_ID: '' })).toContain('but got neither');
    expect(refusal('auto/8', slurm(3, [3, 7], 4))).toBe(
      'expected SLURM_ARRAY_TASK_COUNT to be 8 as in auto/8 but got 2; ' +
        'the shards of one archive are all cut with the same number',
    );
    expect(refusal('auto/8', pod(0, 4))).toContain('expected JOB_COMPLETIONS to be 8 as in auto/8 but got 4');
    expect(refusal('auto', { SLURM_ARRAY_TASK_ID: '1' })).toBe(
      'expected a number in SLURM_ARRAY_TASK_COUNT but it is not set',
    );
    expect(refusal('auto', { ...slurm(1, [1], 1), SLURM_ARRAY_TASK_ID: 'one' })).toBe(
      'expected a number in SLURM_ARRAY_TASK_ID but got one',
    );
    expect(refusal('auto', slurm(3, [1, 2], 1))).toContain('but got task 3 of 2 from 1 to 2 by 1');
    expect(refusal('auto', pod(-1, 8))).toBe('expected a number in JOB_COMPLETION_INDEX but got -1');
  });
});

describe('the examples for schedulers', () => {
  const run = promisify(execFile);
  const script = (name: string) => join(import.meta.dirname, '../../scripts', name);
  let folder: string;
  let called: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'caption-shards-'));
    called = join(folder, 'called');
    const lines = ['#!/bin/sh', 'printf "%s\\n" "$@" > "$CALLED"', 'exit $STATUS'];
    await writeFile(join(folder, 'caption'), `${lines.join('\n')}\n`);
    await chmod(join(folder, 'caption'), 0o755);
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** The arguments that `caption` gets, and the status that comes of its own. */
  async function calling(command: string[], env: Record<string, string>, status = 0) {
    const PATH = `${folder}:${process.env.PATH}`;
    const [shell, ...args] = command as [string, ...string[]];
    const ended = await run(shell, args, { env: { PATH, CALLED: called, STATUS: `${status}`, ...env } }).then(
      () => 0,
      ({ code }: { code: number }) => code,
    );
    return { args: (await readFile(called, 'utf8')).trimEnd().split('\n'), status: ended };
  }

  test('SLURM', async () => {
    const path = script('slurm-captions.sh');
    await run('bash', ['-n', path]);
    const [, first, last] = /^#SBATCH --array=(\d+)-(\d+)$/m.exec(await readFile(path, 'utf8'))!.map(Number);
    expect([first, last]).toEqual([1, 8]);
    const env = { ...slurm(3, [1, 2, 3, 4, 5, 6, 7, 8], 1), SLURM_CPUS_PER_TASK: '4' };
    const options = ['--recursive', '--shard', 'auto', '--existing', 'skip', '--threads', '4', '--out'];
    expect(await calling(['bash', path], env)).toEqual({
      args: ['/archive', ...options, '/archive/captions-3.jsonl'],
      status: 0,
    });
    expect(await calling(['bash', path, '/my photos'], env, 1)).toEqual({
      args: ['/my photos', ...options, '/my photos/captions-3.jsonl'],
      status: 1,
    });
  });

  test('Kubernetes', async () => {
    const text = await readFile(script('kubernetes-captions.yaml'), 'utf8');
    const [, completions] = /^ {2}completions: (\d+)$/m.exec(text)!;
    const [, told] = /name: JOB_COMPLETIONS\n +value: "(\d+)"$/m.exec(text)!;
    expect(told).toBe(completions);
    const [, command] = /- \|\n([\s\S]*?)\n {10}resources:/.exec(text)!;
    const env = pod(2, 8);
    const args = ['/archive', '--recursive', '--shard', 'auto', '--existing', 'skip', '--threads', '4'];
    // Photographs that can't be read don't make the pod fail; anything else does.
    for (const [status, expected] of [
      [0, 0],
      [1, 0],
      [2, 1],
      [130, 1],
    ] as const) {
      expect(await calling(['sh', '-c', command!], env, status)).toEqual({
        args: [...args, '--out', '/archive/captions-3.jsonl'],
        status: expected,
      });
    }
  });
});
