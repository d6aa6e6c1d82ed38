/**
 * Data of COCO's size beside small data: what import and training cost in time and memory, and how fast features
 * are written and read.
 *
 *     npx tsx scripts/bench-scale.ts [--work <folder>] [--rounds 3] [--steps 300] [--cold]
 *
 * Makes an annotation file of train2017's size and feature files of 120,000 x 4096 (2 GB, and 1 GB in float16) in
 * the work folder and removes them at the end. Import and training run in processes of their own, big and small in
 * turn. --cold also reads and trains after emptying the system's file cache (Linux, as root).
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readDataset } from '../src/dataset/read.ts';
import { writeFileAtomic } from '../src/files/atomic.ts';
import { sha256 } from '../src/files/sha256.ts';
import { Random } from '../src/random.ts';
import { TRAINING_DEFAULTS } from '../src/training/options.ts';
import { DECODING_DEFAULTS, type PreparedRun, prepareRun, trainingSplits } from '../src/training/plan.ts';
import { trainingData } from '../src/training/run.ts';
import { train } from '../src/training/trainer.ts';
import { encoderDefinition } from '../src/vision/encoders.ts';
import { FeatureWriter } from '../src/vision/feature-file.ts';
import { FeatureTable } from '../src/vision/feature-table.ts';
import type { NumberType } from '../src/vision/npy.ts';

const { values } = parseArgs({
  options: {
    work: { type: 'string', default: join(tmpdir(), 'caption-bench-scale') },
    rounds: { type: 'string', default: '3' },
    steps: { type: 'string', default: '300' },
    cold: { type: 'boolean', default: false },
    child: { type: 'string' },
  },
});

const F = 4096;
const V = 10_000;
const BATCH = 128;
const BIG = { images: 118_287, captions: 591_753, rows: 120_000 };
const SMALL = { images: 2000, captions: 10_000, rows: 3000 };
/** Steps that aren't timed: caches and the compiler warm up. */
const WARM_UP = 10;

/** What a child process prints. */
interface Report {
  readonly seconds: number;
  readonly captionsPerSecond: number;
  readonly peak: number;
}

if (values.child !== undefined) console.log(JSON.stringify(await child(JSON.parse(values.child))));
else await compare();

async function compare(): Promise<void> {
  const { work, cold } = values;
  const rounds = Array.from({ length: Number(values.rounds) }, (_, i) => i);
  mkdirSync(work, { recursive: true });
  const file = (name: string) => join(work, name);
  try {
    console.log(`${cpus()[0]!.model.trim()}, ${cpus().length} cores, Node ${process.version}`);
    for (const [name, size] of Object.entries({ big: BIG, small: SMALL })) {
      await writeFileAtomic(file(`${name}.json`), annotations(size.images, size.captions));
    }
    const megabytes = statSync(file('big.json')).size / 1e6;
    console.log(`\n${BIG.captions} captions of ${BIG.images} images, ${megabytes.toFixed(0)} MB of JSON`);
    const imports = rounds.map(() => inChild({ data: file('big.json') }));
    console.log(`  import ${seconds(imports)}, peak memory ${peak(imports)}`);

    console.log(`\nfeatures of ${F} numbers, rows a second`);
    await write(file('small.npy'), SMALL.rows, 'float32');
    for (const type of ['float32', 'float16'] as const) {
      const { first, last } = await write(file(`${type}.npy`), BIG.rows, type);
      const ratio = `${(last / first).toFixed(2)} times the first thousand`;
      console.log(`  ${type}: written one by one ${last.toFixed(0)} of the last thousand, ${ratio}`);
    }
    const rates = { small: [] as number[], float32: [] as number[], float16: [] as number[] };
    const names = Object.keys(rates) as (keyof typeof rates)[];
    for (const _ of rounds) for (const name of names) rates[name].push(await read(file(`${name}.npy`)));
    for (const name of names)
      console.log(`  ${name}: read in random order ${median(rates[name]).toFixed(0)}`);
    if (cold) {
      for (const name of names.slice(1)) {
        emptyCache();
        console.log(`  ${name}: from the disk ${(await read(file(`${name}.npy`), 2000)).toFixed(0)}`);
      }
    }

    console.log(`\ntraining, E = H = 512, V = ${V}, ${values.steps} steps of ${BATCH} captions`);
    const runs = rounds.map(() => {
      const small = inChild({ data: file('small.json'), features: file('small.npy') });
      const [float32, float16] = (['float32', 'float16'] as const).map((type) =>
        inChild({ data: file('big.json'), features: file(`${type}.npy`) }),
      ) as [Report, Report];
      return { small, float32, float16 };
    });
    for (const name of names) {
      const own = runs.map((run) => run[name]);
      const ratios = runs.map((run) => run[name].captionsPerSecond / run.small.captionsPerSecond);
      const told = `${median(ratios).toFixed(3)} times small (${ratios.map((ratio) => ratio.toFixed(2)).join(', ')})`;
      const rate = median(own.map(({ captionsPerSecond }) => captionsPerSecond));
      console.log(
        `  ${name.padEnd(8)} ${rate.toFixed(0)} captions/s, ${told}; peak memory ${peak(own)}; ` +
          `from start to first step ${seconds(own)}`,
      );
    }
    if (cold) {
      emptyCache();
      const { captionsPerSecond } = inChild({ data: file('big.json'), features: file('float32.npy') });
      console.log(`  float32 from the disk ${captionsPerSecond.toFixed(0)} captions/s`);
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** What a child does: reads the annotations, and trains on them where there are features. */
interface Job {
  readonly data: string;
  readonly features?: string;
}

function inChild(job: Job): Report {
  const script = fileURLToPath(import.meta.url);
  const args = ['--import', 'tsx', script, '--child', JSON.stringify(job), '--steps', values.steps];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
}

async function child({ data, features }: Job): Promise<Report> {
  const begin = performance.now();
  const told =
    features === undefined ? await timeImport(data, begin) : await timeTraining(data, features, begin);
  return { ...told, peak: process.resourceUsage().maxRSS / 1024 };
}

async function timeImport(file: string, begin: number): Promise<Omit<Report, 'peak'>> {
  await readDataset(file);
  return { seconds: (performance.now() - begin) / 1000, captionsPerSecond: 0 };
}

/** A run as `caption train` prepares it: with its vocabulary, hold-out and features from a file. */
async function prepared(file: string, table: FeatureTable): Promise<PreparedRun> {
  return prepareRun({
    name: 'bench',
    encoder: encoderDefinition('vgg16'),
    splits: trainingSplits(await readDataset(file)),
    features: { featureSize: F, rowOf: (key) => table.rowIndex(key) },
    decoder: { cell: 'lstm', mode: 'init', layers: 1, embeddingSize: 512, hiddenSize: 512 },
    minCount: 1,
    training: { ...TRAINING_DEFAULTS, batchSize: BATCH },
    decoding: DECODING_DEFAULTS,
  });
}

/** The first steps of a training. */
async function timeTraining(file: string, features: string, begin: number): Promise<Omit<Report, 'peak'>> {
  const table = await FeatureTable.open(features);
  const run = await prepared(file, table);
  const data = trainingData(run, { featureSize: F, views: [table] });
  const steps = Number(values.steps);
  const times: number[] = [];
  const controller = new AbortController();
  // A small set has fewer words: with as many, its steps cost the same.
  await train({ ...run.config, vocabularySize: V }, data, run.plan.training, undefined, {
    signal: controller.signal,
    onProgress: () => {
      times.push(performance.now());
      if (times.length > steps + WARM_UP) controller.abort();
    },
  });
  await table.close();
  const timed = times.slice(WARM_UP);
  return {
    seconds: (times[0]! - begin) / 1000,
    captionsPerSecond: (1000 * BATCH * (timed.length - 1)) / (timed.at(-1)! - timed[0]!),
  };
}

/**
 * An annotation file with the fields of COCO's; its words are about as often as those of a language (Zipf 1935).
 * All captions have 11 words, about COCO's mean, so that every step costs the same.
 */
function* annotations(images: number, captions: number): Generator<Uint8Array> {
  const random = new Random(1);
  const word = () => `word${Math.floor((V - 4) ** random.next())}`;
  const list = function* (name: string, count: number, record: (i: number) => object) {
    for (let from = 0; from < count; from += 1000) {
      const part = Array.from({ length: Math.min(1000, count - from) }, (_, i) => record(from + i));
      yield Buffer.from(`${from > 0 ? ',' : `"${name}":[`}${JSON.stringify(part).slice(1, -1)}`);
    }
    yield Buffer.from(']');
  };
  yield Buffer.from('{"info":{"description":"as COCO 2017","year":2017},');
  yield* list('images', images, (i) => ({
    license: 1 + (i % 8),
    file_name: nameOf(i),
    coco_url: `http://images.cocodataset.org/train2017/${nameOf(i)}`,
    height: 480,
    width: 640,
    date_captured: '2013-11-14 17:02:52',
    flickr_url: `http://farm9.staticflickr.com/8186/${8119368305 + i}_4e622c8349_z.jpg`,
    id: i,
  }));
  yield Buffer.from(',"licenses":[],');
  yield* list('annotations', captions, (i) => ({
    image_id: i % images,
    id: i,
    caption: `A ${Array.from({ length: 10 }, word).join(' ')}.`,
  }));
  yield Buffer.from('}\n');
}

function nameOf(image: number): string {
  return `${String(image).padStart(12, '0')}.jpg`;
}

/** Writes a feature file, row by row at its two ends as extraction does: rows a second there. */
async function write(path: string, rows: number, type: NumberType): Promise<{ first: number; last: number }> {
  const random = new Random(2);
  const block = Float32Array.from({ length: 500 * F }, () => Math.max(0, random.normal()));
  const writer = await FeatureWriter.open(path, {
    encoder: 'vgg16',
    hash: sha256('bench'),
    featureSize: F,
    type,
  });
  const append = async (from: number, to: number, atOnce: number) => {
    const begin = performance.now();
    for (let row = from; row < to; row += atOnce) {
      const images = Array.from({ length: atOnce }, (_, i) => ({
        key: nameOf(row + i),
        sha256: sha256(`${row + i}`),
      }));
      const start = (row % 500) * F;
      await writer.append(images, block.subarray(start, start + atOnce * F));
    }
    return (1000 * (to - from)) / (performance.now() - begin);
  };
  await append(0, 500, 1);
  const first = await append(500, 1500, 1);
  await append(1500, rows - 1000, 500);
  const last = await append(rows - 1000, rows, 1);
  await writer.close();
  return { first, last };
}

/** Rows a second, read in random order. */
async function read(path: string, count = 20_000): Promise<number> {
  const table = await FeatureTable.open(path);
  const random = new Random(3);
  const batch = new Float32Array(BATCH * F);
  const begin = performance.now();
  for (let i = 0; i < count; i++) table.copyRow(random.int(table.keys.length), batch, (i % BATCH) * F);
  const taken = performance.now() - begin;
  await table.close();
  return (1000 * count) / taken;
}

function emptyCache(): void {
  execFileSync('sync');
  writeFileSync('/proc/sys/vm/drop_caches', '3');
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
}

function seconds(reports: readonly Report[]): string {
  return `${median(reports.map((report) => report.seconds)).toFixed(1)} s`;
}

function peak(reports: readonly Report[]): string {
  return `${Math.max(...reports.map((report) => report.peak)).toFixed(0)} MB`;
}
