import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HttpServer } from '../helpers/http-server.ts';
import { quickTraining, startScript } from '../helpers/script.ts';
import { type Shapes, writeShapes } from '../helpers/shapes.ts';
import { type SmallCoco, serveCoco, smallCoco } from '../helpers/small-coco.ts';

/** An image that the server does not have. */
const GONE = 'train2017/000000000003.jpg';
const ARCHIVE = '/annotations/annotations_trainval2017.zip';
const MODEL_FILES = ['model.json', 'vocabulary.json', 'start.onnx', 'decoder.onnx'];

let folder: string;
let shapes: Shapes;
let coco: SmallCoco;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caption-train-coco-'));
  shapes = await writeShapes(folder);
  coco = await smallCoco(shapes);
});
afterAll(() => rm(folder, { recursive: true }));

/** A server with this COCO, but for one image; closed when the test is over. */
async function serve(): Promise<HttpServer> {
  const server = await HttpServer.start();
  serveCoco(server, coco);
  server.always(`/${GONE}`, { status: 404 });
  return server;
}

function argumentsFor(server: HttpServer, place: string): string[] {
  return [
    ...['--images', '8', '--seed', '3', '--out', join(folder, place, 'model'), '--max-missing', '0.1'],
    ...['--work', join(folder, place, 'work'), '--connections', '2'],
    ...['--image-server', server.url(''), '--annotation-server', server.url('/annotations')],
    ...['--annotation-sha256', coco.sha256, ...quickTraining(shapes.network)],
  ];
}

async function modelIn(place: string): Promise<Buffer[]> {
  return Promise.all(MODEL_FILES.map((file) => readFile(join(folder, place, 'model', file))));
}

async function imagesIn(place: string): Promise<string[]> {
  const names = await readdir(join(folder, place, 'work', 'images'), { recursive: true }).catch(() => []);
  return names.filter((name) => name.endsWith('.jpg')).map((name) => `/${name}`);
}

/** Sends a signal once an epoch is done, whichever: where a run stood when it was killed depends on the load. */
function inTraining(signal: NodeJS.Signals) {
  let sent = false;
  return (soFar: string, child: ChildProcess) => {
    if (sent || !/^epoch \d+:/m.test(soFar)) return;
    sent = true;
    child.kill(signal);
  };
}

test('whatever interrupts it, the same command ends in the same model and fetches nothing twice', async () => {
  const [good, bad] = [await serve(), await serve()];
  try {
    const undisturbed = startScript('train-coco', argumentsFor(good, 'undisturbed')).outcome;
    const args = argumentsFor(bad, 'disturbed');

    // Killed while the seventh image is asked for.
    const first = startScript('train-coco', args);
    let asked = 0;
    bad.misbehave((path) => {
      if (path.endsWith('.jpg') && ++asked === 7) first.child.kill('SIGKILL');
      return undefined;
    });
    expect(await first.outcome).toMatchObject({ status: 137 });
    const there = await imagesIn('disturbed');
    expect(there.length).toBeGreaterThanOrEqual(4);
    const before = bad.requests.length;

    // Ctrl-C while nothing comes.
    bad.misbehave((path) => (there.includes(path) || path === `/${GONE}` ? undefined : { stall: 700 }));
    const second = startScript('train-coco', args);
    const waiting = setInterval(() => {
      if (bad.requests.length < before + 2) return;
      clearInterval(waiting);
      second.child.kill('SIGINT');
    }, 20);
    const stopped = await second.outcome;
    expect(stopped).toMatchObject({ status: 130, out: '' });
    expect(stopped.err).toContain('interrupted; the same command goes on where it stopped');

    // Killed in training, which ends with it; then Ctrl-C in training.
    bad.misbehave((path) => (path === `/${GONE}` ? { status: 404 } : {}));
    const third = await startScript('train-coco', args, inTraining('SIGKILL')).outcome;
    expect(third.status).toBe(137);
    expect(third.err).not.toContain('wrote');
    const fourth = await startScript('train-coco', args, inTraining('SIGINT')).outcome;
    expect(fourth).toMatchObject({ status: 130, out: '' });
    expect(fourth.err).toContain('annotations and subset: done before\nimages: done before\n');
    expect(fourth.err).toContain('interrupted; the same command goes on where it stopped');

    const last = await startScript('train-coco', args).outcome;
    expect(last).toMatchObject({ status: 1, out: '' });
    expect(last.err).toContain('left out: 1 image that could not be had\n');
    const other = await undisturbed;
    expect(other).toMatchObject({ status: 1, out: '' });
    expect(other.err).toContain(
      `${GONE}: cannot download ${good.url(`/${GONE}`)}: the server answers 404 Not Found\n`,
    );
    expect(await modelIn('disturbed')).toEqual(await modelIn('undisturbed'));
    const later = bad.requests.slice(before).map(({ path }) => path);
    expect(later.filter((path) => there.includes(path) || path === ARCHIVE)).toEqual([]);
    expect(later.length).toBeGreaterThan(0);

    const report = await readFile(join(folder, 'disturbed', 'model', 'report.md'), 'utf8');
    expect(report).toMatch(/\| train \| 7 \| 14 \|\n\| val \| 8 \| 16 \|\n\| test \| 8 \| 16 \|/);
    expect(report).toContain(`(1):\n\n- ${GONE}: cannot download`);
    expect(report).toMatch(/\| CIDEr \| \d\.\d{4} \|/);
    expect(report).toMatch(/npm run train:coco -- --images 8 --seed 3 /);
    expect(report).toMatch(/\| annotations \| \d+\.\d \|/);
    expect(report).toMatch(/\| features and training \| \d+\.\d \|/);

    // Done, so nothing is left to do; and other settings don't mix with these.
    bad.reset();
    const again = await startScript('train-coco', args).outcome;
    expect(again.status).toBe(1);
    expect(again.err).toContain('time: nothing is left to do\n');
    expect(again.err).toContain('training: done before\nevaluation: done before\n');
    expect(bad.requests).toEqual([]);
    const otherSeed = await startScript('train-coco', [...args, '--seed', '4']).outcome;
    expect(otherSeed.status).toBe(2);
    expect(otherSeed.err).toMatch(
      /caption: expected the settings that .*model was begun with, --seed 3, but got --seed 4\nhint: give the same/,
    );
  } finally {
    await Promise.all([good.close(), bad.close()]);
  }
}, 180_000);

test('--dry-run tells what it would take and does nothing', async () => {
  const out = join(folder, 'dry');
  const args = ['--images', '5000', '--out', out, '--work', join(folder, 'dry-work'), '--dry-run'];
  const { status, err } = await startScript('train-coco', args).outcome;
  expect({ status, err }).toEqual({
    status: 0,
    err: `COCO train2017: 5,000 images to learn from, 500 for validation, 500 to test with
to fetch: 1.23 GB, annotations and 6,000 images
disk: 1.33 GB in ${join(folder, 'dry-work')}, 773.2 MB in ${out}
time: about 5 min for the images (at 5 MB/s), 5 min for their features, 26 min of training at most, 50 s for the test; this and the rest is estimated, for two cores
`,
  });
  expect((await readdir(folder)).filter((name) => name.startsWith('dry'))).toEqual([]);
});

test('a wrong call is told at once, also what only later stages would notice', async () => {
  const calls: [string[], RegExp][] = [
    [['--epohs', '3'], /^caption: unknown option '--epohs'\nhint: did you mean --epochs\?\n$/],
    [['--encoder', 'vgg99'], /^caption: expected --encoder to be one of .* but got vgg99\n$/],
    [
      ['--encoder', 'vgg16', '--encoder-file', 'no.onnx'],
      /expected --encoder-file to be the ONNX file of vgg16 but/,
    ],
    [
      ['--image-server', 'ftp://a'],
      /expected an address such as https:\/\/example.org\/file but got ftp:\/\/a\n/,
    ],
  ];
  const outcomes = calls.map(
    ([args]) => startScript('train-coco', ['--out', join(folder, 'none'), ...args]).outcome,
  );
  for (const [i, outcome] of (await Promise.all(outcomes)).entries()) {
    expect(outcome).toMatchObject({ status: 2, out: '' });
    expect(outcome.err).toMatch(calls[i]![1]);
  }
});
