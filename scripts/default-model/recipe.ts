import type { DecoderShape } from '../../src/decoder/config.ts';
import { readModel } from '../../src/library/model-folder.ts';
import { modelWeights } from '../../src/library/model-weights.ts';
import type { SessionOptions } from '../../src/onnx/session.ts';
import type { TokenizerName } from '../../src/text/tokenizer.ts';
import { hasCheckpoint, prepareFolder } from '../../src/training/folder.ts';
import { TRAINING_DEFAULTS, type TrainingOptions } from '../../src/training/options.ts';
import { DECODING_DEFAULTS, prepareRun, trainingSplits } from '../../src/training/plan.ts';
import { trainModel } from '../../src/training/run.ts';
import type { EpochSummary } from '../../src/training/run-record.ts';
import { type DefaultData, say } from './data.ts';

const DECODER = { cell: 'mrnn', mode: 'par', layers: 1, embeddingSize: 512, hiddenSize: 512 } as const;
const MIN_COUNT = 5;

/** How the default model learns words: chosen by models/default/card.md's tables. */
export const CROSS_ENTROPY: TrainingOptions = {
  ...TRAINING_DEFAULTS,
  epochs: 14,
  learningRate: 1.5e-3,
  learningRateDecay: 0.82,
};

/** Rewards for whole captions, behind that. */
export const SELF_CRITICAL: TrainingOptions = {
  ...TRAINING_DEFAULTS,
  selfCritical: true,
  epochs: 8,
  batchSize: 160,
  learningRate: 2e-4,
  schedule: 'cosine',
  dropout: { image: 0, embedding: 0, output: 0 },
  averaging: 0.99,
  select: 'cider',
  patience: 8,
};

/** Search settings that runs are compared with. */
export const SEARCH = { beam: 3, lengthPenalty: 0.75 };

/** One training of the default model's kind. */
export interface Run {
  readonly name: string;
  readonly out: string;
  readonly training: TrainingOptions;
  /** The default model's where none is given. */
  readonly decoder?: DecoderShape;
  readonly tokenizer?: TokenizerName;
  /** Folder of the model that it starts from. */
  readonly from?: string | undefined;
  readonly text?: readonly string[];
}

/** Trains, or goes on where an earlier call stopped, and writes a model folder. */
export async function trainRun(data: DefaultData, run: Run, session: SessionOptions): Promise<void> {
  const { name, out, training, from, text = [], decoder = DECODER, tokenizer } = run;
  const start = from === undefined ? undefined : await readModel(from);
  const prepared = prepareRun({
    name,
    encoder: data.encoder,
    splits: trainingSplits(data.dataset),
    features: data.features,
    text,
    decoder,
    tokenizer,
    minCount: MIN_COUNT,
    training,
    decoding: { ...DECODING_DEFAULTS, ...SEARCH, maxLength: training.maxSteps },
    ...(start && { start: { vocabulary: start.vocabulary, weights: modelWeights(start) } }),
  });
  await prepareFolder(out, hasCheckpoint(out) ? 'resume' : 'overwrite');
  const { outcome } = await trainModel(out, prepared, data.features, session, {
    resume: true,
    onEpoch: ({ epochs }) => say(`${name} ${told(epochs.at(-1)!)}`),
  });
  if (outcome.kind === 'diverged') say(`${name}: ${outcome.complaint}`);
}

function told(summary: EpochSummary): string {
  const { epoch, trainLoss, reward, validationLoss, validationCider, distinct, captionsPerSecond } = summary;
  const learnt =
    reward !== null
      ? `reward ${reward.toFixed(3)}`
      : trainLoss !== null
        ? `train ${trainLoss.toFixed(3)}`
        : 'start';
  return (
    `${epoch}: ${learnt}, validation ${validationLoss.toFixed(4)}, CIDEr ${validationCider.toFixed(4)} (greedy), ` +
    `distinct ${distinct.toFixed(2)}, ${captionsPerSecond.toFixed(0)} captions/s`
  );
}
