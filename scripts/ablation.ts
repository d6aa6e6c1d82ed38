/**
 * What each trick of training earns: one run with each of them alone, the rest as in `BASE`, scored on the
 * validation images. Prints the table of models/default/card.md.
 *
 *     npx tsx scripts/ablation.ts --photos <folder> --work <folder> [--rows name,name] [--threads n]
 */
import { TRAINING_DEFAULTS, type TrainingOptions } from '../src/training/options.ts';
import { SELF_CRITICAL, trainRun } from './default-model/recipe.ts';
import { printTable } from './default-model/table.ts';
import { textCaptions } from './default-model/text.ts';

/** The default model's decoder when the table was begun. */
const DECODER = { cell: 'lstm', mode: 'init', layers: 1, embeddingSize: 512, hiddenSize: 512 } as const;

const BASE: TrainingOptions = {
  ...TRAINING_DEFAULTS,
  epochs: 4,
  learningRate: 1.5e-3,
  schedule: 'cosine',
};

interface Row {
  readonly what: string;
  readonly options?: Partial<TrainingOptions>;
  /** The row whose model it starts from. */
  readonly from?: string;
  /** Rows whose models caption together, instead of a training. */
  readonly ensemble?: readonly string[];
}

const ROWS: Readonly<Record<string, Row>> = {
  base: { what: 'base' },
  'seed-2': { what: 'the same with another seed', options: { seed: 2 } },
  'seed-3': { what: 'and another', options: { seed: 3 } },
  'no-averaging': { what: 'without weight averaging', options: { averaging: 0 } },
  'no-dropout': { what: 'without dropout', options: { dropout: { image: 0, embedding: 0, output: 0 } } },
  step: { what: 'rate falls by 0.75 an epoch', options: { schedule: 'step', learningRateDecay: 0.75 } },
  plateau: {
    what: 'rate falls by 0.5 on plateaus',
    options: { schedule: 'plateau', learningRateDecay: 0.5 },
  },
  warmup: { what: 'warm-up over 300 steps', options: { warmup: 300 } },
  adamw: { what: 'AdamW, decay 0.05', options: { optimizer: 'adamw', weightDecay: 0.05 } },
  rmsprop: { what: 'RMSProp, 5e-4', options: { optimizer: 'rmsprop', learningRate: 5e-4 } },
  adagrad: { what: 'Adagrad, 0.02', options: { optimizer: 'adagrad', learningRate: 0.02 } },
  sgd: { what: 'SGD with momentum 0.9, 0.5', options: { optimizer: 'sgd', learningRate: 0.5 } },
  'clip-value': { what: 'values clipped at 0.01, norm not', options: { clipNorm: 0, clipValue: 0.01 } },
  accumulate: { what: 'gradients of 2 batches a step', options: { accumulate: 2 } },
  'label-smoothing': { what: 'label smoothing 0.1', options: { labelSmoothing: 0.1 } },
  'scheduled-sampling': { what: 'scheduled sampling up to 0.25', options: { scheduledSampling: 0.25 } },
  'word-dropout': { what: 'word dropout 0.1', options: { wordDropout: 0.1 } },
  'feature-noise': { what: 'feature noise 0.2', options: { featureNoise: 0.2 } },
  text: { what: 'one epoch on captions without photographs first', options: { textEpochs: 1 } },
  'self-critical': {
    what: 'the base, then self-critical training',
    from: 'base',
    options: SELF_CRITICAL,
  },
  ensemble: { what: 'ensemble of the base and the two other seeds', ensemble: ['base', 'seed-2', 'seed-3'] },
};

await printTable({
  name: 'ablation',
  rows: ROWS,
  label: (_, { what }) => what,
  train: async (name, { options, from, ensemble }, { data, photos, session, folderOf }) => {
    if (ensemble) return ensemble.map(folderOf);
    const training = { ...BASE, ...options };
    const text = training.textEpochs > 0 ? await textCaptions(photos) : [];
    const start = from === undefined ? undefined : folderOf(from);
    await trainRun(
      data,
      { name, out: folderOf(name), training, decoder: DECODER, from: start, text },
      session,
    );
    return [folderOf(name)];
  },
});
