/**
 * Captions a second, and peak memory, of the ways to train: teacher forcing, scheduled sampling and self-critical,
 * at the size of the lectures' COCO captioner (V = 10,000, batches of 128, VGG16's 4096 numbers, LSTM-512).
 *
 *     npx tsx scripts/bench-objectives.ts [--steps 30] [--threads n]
 *
 * Captions and features are random; the drawn captions are about as long as COCO's, 10 words.
 */
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { DecoderConfig } from '../src/decoder/config.ts';
import { initialWeights } from '../src/decoder/parameters.ts';
import { Random } from '../src/random.ts';
import { END, Vocabulary } from '../src/text/vocabulary.ts';
import { CaptionSet } from '../src/training/caption-set.ts';
import { TRAINING_DEFAULTS, type TrainingOptions } from '../src/training/options.ts';
import { type TrainingData, train } from '../src/training/trainer.ts';

const [IMAGES, CAPTIONS, WORDS, V, F] = [2000, 5, 10, 10_000, 4096];
const WARM_UP = 3;

const WAYS: Readonly<Record<string, Partial<TrainingOptions>>> = {
  'teacher forcing': {},
  // The share rises over the only epoch: it is about a quarter in the steps that are timed.
  'scheduled sampling, 0.25': { scheduledSampling: 1 },
  'self-critical, 5 samples': { selfCritical: true, batchSize: 125, learningRate: 1e-5 },
};

const { values: flags } = parseArgs({
  options: {
    steps: { type: 'string', default: '30' },
    threads: { type: 'string', default: String(cpus().length) },
    way: { type: 'string' },
  },
});

if (flags.way === undefined) {
  console.log(`${cpus()[0]?.model}, ${flags.threads} threads; V = 10,000, B = 128, E = H = 512, F = 4096`);
  for (const way of Object.keys(WAYS)) {
    const args = ['--import', 'tsx', fileURLToPath(import.meta.url), '--way', way];
    const more = ['--steps', flags.steps, '--threads', flags.threads];
    console.log(execFileSync(process.execPath, [...args, ...more], { encoding: 'utf8' }).trimEnd());
  }
} else {
  console.log(await timed(flags.way));
}

/** The first steps of a training this way. */
async function timed(way: string): Promise<string> {
  const options = { ...TRAINING_DEFAULTS, ...WAYS[way], epochs: 1, dropout: TRAINING_DEFAULTS.dropout };
  const config: DecoderConfig = {
    cell: 'lstm',
    mode: 'init',
    layers: 1,
    embeddingSize: 512,
    hiddenSize: 512,
    featureSize: F,
    vocabularySize: V,
  };
  const start = initialWeights(config, new Random(1));
  // <end> as likely as it is behind a tenth of the words.
  start.get('output.b')![END] = Math.log(V / (WORDS - 1));
  const controller = new AbortController();
  const times: number[] = [];
  await train(
    config,
    randomData(),
    options,
    { threads: Number(flags.threads) },
    {
      start: options.selfCritical ? start : null,
      signal: controller.signal,
      onProgress: () => {
        times.push(performance.now());
        if (times.length > Number(flags.steps) + WARM_UP) controller.abort();
      },
    },
  );
  const steps = times.length - WARM_UP - 1;
  const rate = (1000 * options.batchSize * steps) / (times.at(-1)! - times[WARM_UP]!);
  const peak = process.resourceUsage().maxRSS / 1024;
  return `${way.padEnd(26)} ${rate.toFixed(0).padStart(5)} captions/s, peak ${peak.toFixed(0)} MB`;
}

function randomData(): TrainingData {
  const random = new Random(2);
  const captions = CaptionSet.of(
    Array.from({ length: IMAGES * CAPTIONS }, (_, i) => ({
      image: i % IMAGES,
      words: Array.from({ length: WORDS }, () => 4 + random.int(V - 4)),
    })),
  );
  const vectors = Float32Array.from({ length: 64 * F }, () => random.normal());
  const vocabulary = new Vocabulary([
    ...['<pad>', '<start>', '<end>', '<unk>'],
    ...Array.from({ length: V - 4 }, (_, i) => `w${i}`),
  ]);
  return {
    source: 'a benchmark',
    vocabulary,
    features: {
      featureSize: F,
      views: [
        { copyRow: (row, into, at) => into.set(vectors.subarray((row % 64) * F, ((row % 64) + 1) * F), at) },
      ],
    },
    train: captions,
    validation: CaptionSet.of([{ image: 0, words: [4, 5, 6] }]),
    text: CaptionSet.of([]),
    images: [{ key: '0', image: '0.jpg', row: 0, references: ['w0 w1 w2'] }],
  };
}
