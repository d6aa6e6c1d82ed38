import type { ChildProcess } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { readSafetensors } from '../../src/files/safetensors.ts';
import { sha256 } from '../../src/files/sha256.ts';
import { Random } from '../../src/random.ts';
import { caption, type Outcome } from '../helpers/cli.ts';
import { trainedShapes } from '../helpers/trained-shapes.ts';

/** Where the moments come from: KILL_SEED=<n> in the environment repeats those of a failure, as far as a machine can. */
const SEED = Number(process.env.KILL_SEED ?? Date.now() % 2 ** 31);

/** For each setting; KILLS=<n> in the environment for more. */
const KILLS = Number(process.env.KILLS ?? 1);
const TIMEOUT = 60_000 + 10_000 * KILLS;

/** Kills of one run, after each of which it is resumed. */
const IN_A_ROW = 3;

const EPOCHS = 5;

/** Each leaves something else behind in the state that the next step depends on. */
const SETTINGS: Readonly<Record<string, string>> = {
  'sgd, plateau, accumulated':
    '--optimizer sgd --learning-rate 0.5 --momentum 0.8 --schedule plateau --learning-rate-decay 0.5 ' +
    '--accumulate 3 --clip-value 0.1 --dropout 0.2 --averaging 0 --select cider',
  'adamw, cosine, warm-up and all noise':
    '--optimizer adamw --schedule cosine --warmup 10 --label-smoothing 0.1 --word-dropout 0.2 ' +
    '--feature-noise 0.1 --dropout 0.3 --averaging 0.9',
  'rmsprop, scheduled sampling': '--optimizer rmsprop --learning-rate 0.003 --scheduled-sampling 0.6',
  'text first': '--optimizer adagrad --learning-rate 0.1 --text text.txt --text-epochs 3',
  'self-critical': '--init MODEL --self-critical --samples 2 --dropout 0.1 --averaging 0.5',
};

const trained = await trainedShapes();
const text = join(trained.folder, 'text.txt');
await writeFile(text, 'a green circle\na blue square on a red wall\na wall\n');

function callOf(settings: string, out: string): string[] {
  const { shapes, model } = trained;
  const decoder = settings.includes('--init') ? '' : '--cell gru --hidden-size 12 --embedding-size 8 ';
  const length = `--min-count 1 --batch-size 2 --epochs ${EPOCHS} --patience 5 --threads 1 --name killed `;
  const data = ['--data', shapes.data, '--out', out, '--features', join(model, 'features.npy')];
  const options = `${decoder}${length}${settings}`.split(' ');
  return [
    ...['train', ...data, '--encoder-file', shapes.network],
    ...options.map((word) => (word === 'MODEL' ? model : word === 'text.txt' ? text : word)),
  ];
}

/** Kills a call at once or a little after it has told of some epochs, which it does ahead of their checkpoint. */
async function killedOnce(call: readonly string[], random: Random): Promise<Outcome> {
  const epochs = random.int(4);
  const delay = epochs === 0 ? random.int(300) : random.int(2) * random.int(40);
  let waits = true;
  const onText = (text: string, child: ChildProcess) => {
    if (!waits || (text.match(/^epoch \d+:/gm) ?? []).length < epochs) return;
    waits = false;
    if (delay === 0) child.kill('SIGKILL');
    else void setTimeout(delay, undefined, { ref: false }).then(() => child.kill('SIGKILL'));
  };
  return caption(call, { onText });
}

/** What a run has left, without times: its model, all arrays of its checkpoint (as hashes) and its history. */
async function leftIn(out: string) {
  const { tensors, metadata } = await readSafetensors(join(out, 'checkpoint.safetensors'));
  const arrays = [...tensors].map(([name, { data }]): [string, string] => [
    name,
    sha256(new Uint8Array(data.buffer)),
  ]);
  const models = ['decoder.onnx', 'model.json', 'start.onnx', 'vocabulary.json'].map(
    async (file): Promise<[string, string]> => [file, sha256(await readFile(join(out, file)))],
  );
  return {
    ...Object.fromEntries([...arrays, ...(await Promise.all(models))]),
    progress: timeless(metadata.progress!),
    record: timeless(await readFile(join(out, 'run.json'), 'utf8')),
  };
}

function timeless(json: string): unknown {
  return JSON.parse(json, (key, value) =>
    key === 'seconds' || key === 'captionsPerSecond' ? undefined : (value as unknown),
  );
}

/** Kills a run again and again, then lets it come to its end; gives how often it was killed before that. */
async function killed(call: readonly string[], most: number, random: Random): Promise<number> {
  for (let kills = 0; kills < most; kills++) {
    const { status, err } = await killedOnce(call, random);
    if (status === 137) continue;
    expect(status, err).toBe(0);
    return kills;
  }
  const { status, err } = await caption(call);
  expect(status, err).toBe(0);
  return most;
}

test.each(Object.entries(SETTINGS))(
  'a killed run comes to the same: %s',
  async (name, settings) => {
    const random = new Random(SEED).fork(Object.keys(SETTINGS).indexOf(name));
    const whole = join(trained.folder, `${name} whole`);
    const uninterrupted = caption(callOf(settings, whole));
    for (let run = 0, kills = 0; kills < KILLS; run++) {
      const out = join(trained.folder, `${name} ${run}`);
      const call = [...callOf(settings, out), '--resume'];
      kills += await killed(call, Math.min(IN_A_ROW, KILLS - kills), random);
      expect(await uninterrupted).toMatchObject({ status: 0, out: '' });
      expect(await leftIn(out), `KILL_SEED=${SEED}, run ${run}`).toEqual(await leftIn(whole));
      await rm(out, { recursive: true });
    }
  },
  TIMEOUT,
);
