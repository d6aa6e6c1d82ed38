/**
 * One training step (forward, backward, clipping, Adam) of an LSTM captioner against the same step in
 * PyTorch, in turn on the same machine:
 *
 *     npx tsx scripts/bench-train.ts [rounds]
 *
 * Debian's PyTorch: apt-get install python3-torch libopenblas0-pthread
 */
import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { DecoderConfig } from '../src/decoder/config.ts';
import { initialWeights } from '../src/decoder/parameters.ts';
import { Random } from '../src/random.ts';
import { assembleBatch, type CaptionExample, type FeatureRows } from '../src/training/batches.ts';
import { clipScale, globalNorm } from '../src/training/clipping.ts';
import { initialSlots, updateWeights } from '../src/training/optimizer.ts';
import { TRAINING_DEFAULTS } from '../src/training/options.ts';
import { Stepper } from '../src/training/stepper.ts';

const [B, T, E, H, V, F] = [128, 17, 512, 512, 10_000, 4096];
const rounds = Number(process.argv[2] ?? 3);
const STEPS = 8;
const LOSS = { dropout: { image: 0, embedding: 0.5, output: 0.5 }, labelSmoothing: 0, silence: false };

const config: DecoderConfig = {
  cell: 'lstm',
  mode: 'pre',
  layers: 1,
  embeddingSize: E,
  hiddenSize: H,
  featureSize: F,
  vocabularySize: V,
};

const random = new Random(1);
const weights = initialWeights(config, random);
const { optimizer, momentum, weightDecay, learningRate, clipNorm } = TRAINING_DEFAULTS;
const slots = initialSlots(optimizer, weights);
let steps = 0;
const stepper = await Stepper.create(config, weights, 24, LOSS, { threads: cpus().length });
const images = Float32Array.from({ length: B * F }, () => random.normal());
const view: FeatureRows = {
  copyRow: (row, into, offset) => into.set(images.subarray(row * F, (row + 1) * F), offset),
};
const features = { featureSize: F, views: [view] };

/** B captions of `words` words: `words` + 1 steps. */
function captions(words: number): CaptionExample[] {
  return Array.from({ length: B }, (_, image) => ({
    image,
    words: Array.from({ length: words }, () => 4 + random.int(V - 4)),
  }));
}

async function step(examples: readonly CaptionExample[]): Promise<number> {
  const begin = performance.now();
  await stepper.run(assembleBatch(examples, features, 24), random);
  updateWeights(optimizer, weights, stepper.gradients, slots, {
    step: ++steps,
    learningRate,
    scale: clipScale(globalNorm(stepper.gradients), clipNorm),
    momentum,
    weightDecay,
  });
  return (performance.now() - begin) / 1000;
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const describe = (name: string, seconds: number) =>
  console.log(
    `${name.padEnd(30)} ${(seconds * 1000).toFixed(0).padStart(6)} ms a step ${(B / seconds).toFixed(0).padStart(6)} captions/s`,
  );

interface PyTorch {
  readonly version: string;
  readonly seconds: readonly number[];
}

/** The first Python that has PyTorch: Debian's may stand behind another one on the PATH. */
const PYTHON = ['python3', '/usr/bin/python3'].find(
  (command) => spawnSync(command, ['-c', 'import torch']).status === 0,
);

function pytorch(threads: number): PyTorch | string {
  if (PYTHON === undefined) return 'no python3 with the package torch';
  const script = fileURLToPath(new URL('bench-train.py', import.meta.url));
  const run = spawnSync(PYTHON, [script, ...[threads, STEPS, B, T, E, H, V, F].map(String)], {
    encoding: 'utf8',
    env: { ...process.env, OMP_NUM_THREADS: String(threads), OPENBLAS_NUM_THREADS: String(threads) },
  });
  return run.status === 0
    ? JSON.parse(run.stdout)
    : (run.stderr.trim().split('\n').at(-1) ?? 'python3 failed');
}

console.log(`${cpus()[0].model.trim()}, ${cpus().length} cores, Node ${process.version}`);
console.log(`LSTM captioner: B=${B} T=${T} E=${E} H=${H} V=${V} F=${F}; forward, backward, clip, Adam\n`);

const timed = captions(T - 1);
for (let i = 0; i < 3; i++) await step(timed);
const ours: number[] = [];
const theirs: number[] = [];
const ratios: number[] = [];
for (let round = 0; round < rounds; round++) {
  const mine: number[] = [];
  for (let i = 0; i < STEPS; i++) mine.push(await step(timed));
  const runs = [1, 2].map(pytorch);
  const missing = runs.find((run) => typeof run === 'string');
  if (missing !== undefined) {
    console.log(`PyTorch can't be timed here: ${missing}`);
    ours.push(median(mine));
    break;
  }
  const best = Math.min(...runs.map((run) => (typeof run === 'string' ? Infinity : median(run.seconds))));
  ours.push(median(mine));
  theirs.push(best);
  ratios.push(median(mine) / best);
}
describe('caption', median(ours));
if (theirs.length > 0) {
  describe('PyTorch, best of 1 and 2 threads', median(theirs));
  console.log(
    `caption / PyTorch: ${median(ratios).toFixed(2)} (each round: ${ratios.map((r) => r.toFixed(2)).join(', ')})`,
  );
}

for (let words = 4; words < 24; words++) await step(captions(words));
const peak = process.resourceUsage().maxRSS / 1024;
console.log(`peak memory after batches of 5 to 24 steps: ${peak.toFixed(0)} MB`);
await stepper.release();
