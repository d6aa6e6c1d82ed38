import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { caption, signalAt } from '../helpers/cli.ts';
import { trainedShapes } from '../helpers/trained-shapes.ts';

const trained = await trainedShapes();

const path = (name: string) => join(trained.folder, name);

/** A call that trains a small model of the shapes into this folder. */
function call(out: string, options: string): string[] {
  const { shapes, model } = trained;
  return [
    ...['train', '--data', shapes.data, '--out', out, '--threads', '1', '--encoder-file', shapes.network],
    ...['--features', join(model, 'features.npy'), '--min-count', '1', '--patience', '99', '--name', 'run'],
    ...['--hidden-size', '8', '--embedding-size', '8', '--batch-size', '4', ...options.split(' ')],
  ];
}

async function json(out: string, file: string) {
  return JSON.parse(await readFile(join(out, file), 'utf8'));
}

/** Epochs of a run as far as run.json tells of them. */
async function epochsOf(out: string): Promise<number[]> {
  return (await json(out, 'run.json')).epochs.map(({ epoch }: { epoch: number }) => epoch);
}

test('status.json and run.json tell how a run stands: finished, interrupted, killed, then resumed', async () => {
  const [done, stopped, dead] = ['done', 'stopped', 'dead'].map(path) as [string, string, string];
  const outcomes = await Promise.all([
    caption(call(done, '--epochs 3')),
    caption(call(stopped, '--epochs 400'), { onText: signalAt('epoch 3:', 'SIGTERM') }),
    caption(call(dead, '--epochs 400'), { onText: signalAt('epoch 3:', 'SIGKILL') }),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual([0, 143, 137]);
  const status = await json(done, 'status.json');
  expect(status).toMatchObject({
    state: 'finished',
    epoch: 3,
    epochs: 3,
    batch: 2,
    batches: 2,
    secondsLeft: 0,
  });
  expect(status).toMatchObject({ stage: 'cross-entropy', pid: expect.any(Number) });
  expect(status.figure).toBeGreaterThan(0);
  expect(status.captionsPerSecond).toBeGreaterThan(0);
  expect(Date.now() - Date.parse(status.updated)).toBeLessThan(60_000);
  expect(await json(done, 'run.json')).toMatchObject({ state: 'finished', name: 'run' });
  expect(await epochsOf(done)).toEqual([1, 2, 3]);

  expect(await json(stopped, 'status.json')).toMatchObject({ state: 'interrupted', epochs: 400 });
  expect(await json(stopped, 'run.json')).toMatchObject({ state: 'interrupted' });
  expect((await readdir(stopped)).filter((name) => name === 'report.html')).toHaveLength(1);

  // Whoever looks finds no process of this number.
  const { state, pid } = await json(dead, 'status.json');
  expect(state).toBe('training');
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');

  for (const out of [stopped, dead]) {
    const before = await epochsOf(out);
    expect(before.length).toBeGreaterThanOrEqual(3);
    const epochs = before.length + 2;
    const { status, err } = await caption([...call(out, `--epochs ${epochs}`), '--resume']);
    expect(status, err).toBe(0);
    expect(await json(out, 'status.json')).toMatchObject({ state: 'finished', epoch: epochs, epochs });
    expect(await epochsOf(out)).toEqual(Array.from({ length: epochs }, (_, i) => i + 1));
    const { photos, curve } = await json(out, 'run.json');
    expect(photos[0].captions).toHaveLength(epochs);
    const steps = curve.map(({ step }: { step: number }) => step);
    expect(steps).toEqual(steps.map((_: number, i: number) => 20 * (i + 1)));
  }
}, 120_000);

test('a training that diverges says what to try; the model of its best epoch can be gone on from', async () => {
  const out = path('astray');
  const astray = await caption(call(out, '--epochs 40 --optimizer sgd --learning-rate 3000 --averaging 0'));
  expect(astray.err).toMatch(
    /^caption: the training went astray: the loss rose to \d+\.\d in epoch \d+ \(step \d+\), where guessing would give 2\.6\nhint: .*astray holds the model of epoch \d+, before that; .* --init .*astray, and try a lower --learning-rate \(1000 rather than 3000\), a smaller --clip-norm, or --warmup 500\n$/m,
  );
  expect(astray).toMatchObject({ status: 2, out: '' });
  expect(await json(out, 'status.json')).toMatchObject({ state: 'diverged' });
  expect(await json(out, 'run.json')).toMatchObject({ state: 'diverged' });

  const { shapes } = trained;
  const features = ['--features', join(trained.model, 'features.npy'), '--encoder-file', shapes.network];
  const on = ['train', '--data', shapes.data, '--out', path('mended'), '--init', out, ...features];
  const mended = await caption([...on, '--epochs', '1', '--threads', '1']);
  expect(mended.status, mended.err).toBe(0);
});

test('what stands in the way of the report takes nothing away from the training', async () => {
  const out = path('notes');
  await mkdir(out);
  await writeFile(join(out, 'report.html'), '<h1>My notes</h1>');
  const { status, err } = await caption(call(out, '--epochs 1'));
  expect(err).toMatch(
    /\nno report: expected .*report\.html is something else\nhint: caption report .*notes --out <file\.html> writes it elsewhere\nwrote .*notes: epoch 1, /,
  );
  expect(status).toBe(0);
  expect(await readFile(join(out, 'report.html'), 'utf8')).toBe('<h1>My notes</h1>');
});

test('a run that cannot be written down fails in a sentence, and its status says so', async () => {
  const out = path('blocked');
  await mkdir(join(out, 'run.json'), { recursive: true });
  const { status, err } = await caption(call(out, '--epochs 1'));
  expect(err).toMatch(/\ncaption: cannot write .*run\.json: EISDIR[^\n]*\n$/);
  expect(status).toBe(2);
  expect(await json(out, 'status.json')).toMatchObject({ state: 'failed' });
});
