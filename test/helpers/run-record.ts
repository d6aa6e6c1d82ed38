import { Random } from '../../src/random.ts';
import { TRAINING_DEFAULTS } from '../../src/training/options.ts';
import type {
  CurvePoint,
  EpochSummary,
  RunRecord,
  Stage,
  WatchedPhoto,
} from '../../src/training/run-record.ts';

interface RunShape {
  readonly name?: string;
  readonly state?: RunRecord['state'];
  readonly epochs?: number;
  /** Epochs at the end that learn from rewards. */
  readonly selfCritical?: number;
  readonly stepsAnEpoch?: number;
  readonly seed?: number;
  /** How good it gets: loss at the end, in nats a word. */
  readonly finalLoss?: number;
  readonly training?: Partial<RunRecord['training']>;
  readonly decoder?: RunRecord['decoder'];
  readonly photos?: readonly WatchedPhoto[];
}

/** Steps that a point of the curve stands for. */
const WINDOW = 50;

/** A made-up record whose figures look like those of a training on Flickr8k. */
export function runRecord(shape: RunShape = {}): RunRecord {
  const { epochs = 12, selfCritical = 0, stepsAnEpoch = 250, seed = 1, finalLoss = 2.55 } = shape;
  const random = new Random(seed);
  const noise = (share: number) => 1 + share * (2 * random.next() - 1);
  const stageOf = (epoch: number): Stage =>
    epoch > epochs - selfCritical ? 'self-critical' : 'cross-entropy';
  const lossAt = (epoch: number) =>
    finalLoss - 0.25 + 1.5 * Math.exp(-epoch / 2) + 3.4 * Math.exp(-epoch * 5);
  const rewardAt = (epoch: number) => 0.45 + 0.25 * (1 - Math.exp(-(epoch - epochs + selfCritical) / 3));
  const rateAt = (epoch: number) => (epoch < 0.5 ? epoch / 500 : 1e-3 * 0.9 ** Math.floor(epoch));

  const curve: CurvePoint[] = [];
  for (let step = WINDOW; step <= epochs * stepsAnEpoch; step += WINDOW) {
    const epoch = step / stepsAnEpoch;
    const rewarded = stageOf(Math.ceil(epoch)) === 'self-critical';
    curve.push({
      step,
      epoch,
      loss: rewarded ? null : lossAt(epoch) * noise(0.015),
      reward: rewarded ? rewardAt(epoch) * noise(0.05) : null,
      learningRate: rateAt(epoch),
      gradientNorm: (0.5 + 3 * Math.exp(-epoch * 2)) * noise(0.3),
      captionsPerSecond: (rewarded ? 210 : 840) * noise(0.04),
    });
  }
  const summaries = Array.from({ length: epochs }, (_, i): EpochSummary => {
    const epoch = i + 1;
    const rewarded = stageOf(epoch) === 'self-critical';
    const overfit = 0.004 * Math.max(0, epoch - 0.75 * epochs) ** 2;
    return {
      epoch,
      stage: stageOf(epoch),
      trainLoss: rewarded ? null : lossAt(epoch - 0.5),
      reward: rewarded ? rewardAt(epoch) : null,
      validationLoss: finalLoss + 0.9 * Math.exp(-epoch / 2.2) + overfit,
      validationCider: (3.05 - finalLoss) * (1 - Math.exp(-epoch / 3)) * noise(0.02),
      distinct: 0.55 * (1 - Math.exp(-epoch / 4)) * noise(0.03),
      learningRate: rateAt(epoch - 0.01),
      gradientNorm: 0.5 + 2 * Math.exp(-epoch),
      captionsPerSecond: (rewarded ? 210 : 840) * noise(0.02),
      seconds: 38 * noise(0.02),
    };
  });
  const best = summaries.reduce<EpochSummary | undefined>(
    (least, one) => (least && least.validationLoss <= one.validationLoss ? least : one),
    undefined,
  );
  return {
    formatVersion: 1,
    name: shape.name ?? 'show-and-tell',
    state: shape.state ?? 'finished',
    data: {
      dataset: 'flickr8k',
      trainImages: 6000,
      trainCaptions: 30_000,
      validationImages: 1000,
      vocabularySize: 2984,
      tokenizer: 'word',
    },
    encoder: 'resnet50+efficientnet-lite4',
    decoder: shape.decoder ?? { cell: 'lstm', mode: 'pre', layers: 1, embeddingSize: 512, hiddenSize: 512 },
    training: { ...TRAINING_DEFAULTS, epochs, ...shape.training },
    bestEpoch: best?.epoch ?? null,
    epochs: summaries,
    curve,
    photos: shape.photos ?? [],
  };
}

/** A photograph with a caption for each epoch. */
export function watchedPhoto(
  key: string,
  captions: readonly string[],
  references: readonly string[] = ['A dog runs along the beach .'],
  image = `/photos/${key}`,
): WatchedPhoto {
  return { key, image, references, captions: captions.map((caption, i) => ({ epoch: i + 1, caption })) };
}
