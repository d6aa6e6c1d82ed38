import { UserError } from '../errors.ts';
import type { StoredTensor } from '../files/safetensors.ts';
import { readSafetensors, writeSafetensors } from '../files/safetensors.ts';
import type { AdamState, Arrays } from './optimizer.ts';

/** What one epoch came to. */
export interface EpochSummary {
  readonly epoch: number;
  readonly trainLoss: number;
  readonly validationLoss: number;
  readonly learningRate: number;
  readonly seconds: number;
}

/** Where training stands between two steps: everything that the next step depends on. */
export interface TrainingState {
  readonly weights: Arrays;
  readonly adam: AdamState;
  /** Running average of the weights, which is what is validated and kept; null where it is off. */
  readonly average: Arrays | null;
  /** Weights with the lowest validation loss so far; null before the first validation. */
  best: { readonly weights: Arrays; readonly epoch: number; readonly loss: number } | null;
  /** Epochs and batches of the present epoch that are done. */
  epoch: number;
  batch: number;
  /** Sum of the batch losses of the present epoch. */
  epochLoss: number;
  epochSeconds: number;
  history: EpochSummary[];
}

/** Writes a training state as one safetensors file, whole or not at all. `run` says what it belongs to. */
export async function writeCheckpoint(path: string, state: TrainingState, run: string): Promise<void> {
  const groups: [string, Arrays][] = [
    ['weights', state.weights],
    ['adam.m', state.adam.m],
    ['adam.v', state.adam.v],
  ];
  if (state.average) groups.push(['average', state.average]);
  if (state.best) groups.push(['best', state.best.weights]);
  const tensors = groups.flatMap(([group, arrays]) =>
    [...arrays].map(([name, data]): [string, StoredTensor] => [
      `${group}/${name}`,
      { dims: [data.length], data },
    ]),
  );
  const { epoch, batch, epochLoss, epochSeconds, history } = state;
  const best = state.best && { epoch: state.best.epoch, loss: state.best.loss };
  const progress = { step: state.adam.step, epoch, batch, epochLoss, epochSeconds, history, best };
  await writeSafetensors(path, tensors, {
    format: 'caption-checkpoint-1',
    run,
    progress: JSON.stringify(progress),
  });
}

/** Reads a checkpoint of the same run; another one's is refused. */
export async function readCheckpoint(path: string, run: string): Promise<TrainingState> {
  const { tensors, metadata } = await readSafetensors(path);
  if (metadata.format !== 'caption-checkpoint-1') {
    throw new UserError(
      `expected ${path} to be a checkpoint of caption train but got another safetensors file`,
    );
  }
  if (metadata.run !== run) {
    throw new UserError(`${path} was made with other data or options than this call`, {
      hint: 'resume with the options the run was started with, or start again in another folder',
    });
  }
  const group = (prefix: string): Arrays =>
    new Map(
      [...tensors]
        .filter(([name]) => name.startsWith(`${prefix}/`))
        .map(([name, { data }]) => [name.slice(prefix.length + 1), data]),
    );
  const { step, best, ...progress } = JSON.parse(metadata.progress);
  return {
    weights: group('weights'),
    average: tensors.has(`average/${[...group('weights').keys()][0]}`) ? group('average') : null,
    adam: { step, m: group('adam.m'), v: group('adam.v') },
    best: best && { ...best, weights: group('best') },
    ...progress,
  };
}
