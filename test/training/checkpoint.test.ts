import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { initialWeights } from '../../src/decoder/parameters.ts';
import { UserError } from '../../src/errors.ts';
import { readSafetensors, writeSafetensors } from '../../src/files/safetensors.ts';
import { Random } from '../../src/random.ts';
import { readCheckpoint, writeCheckpoint } from '../../src/training/checkpoint.ts';
import { OPTIMIZERS, type OptimizerName } from '../../src/training/options.ts';
import { initialState, type TrainingState } from '../../src/training/state.ts';
import { options, smaller, temporary } from './tiny-run.ts';

/** A state in the middle of things, all of whose values differ. */
function midway(optimizer: OptimizerName, averaging: number): TrainingState {
  const state = initialState(smaller, { ...options, optimizer, averaging }, null);
  const random = new Random(8);
  const arrays = [...Object.values(state.slots), ...(state.average ? [state.average] : [])];
  for (const group of arrays) for (const w of group.values()) w.set(w.map(() => random.normal()));
  state.best = { weights: initialWeights(smaller, new Random(9)), epoch: 3 };
  state.progress.step = 17;
  state.progress.epoch = 4;
  state.progress.batch = 2;
  Object.assign(state.progress.ofEpoch, { batches: 2, steps: 1, figure: 0.1 + 0.2, norm: 1 / 3 });
  Object.assign(state.progress.ofPoint, { seconds: 1e-17, captions: 5 });
  state.progress.watched.push(['a dog', 'ein Käse "x"']);
  state.progress.curve.push({
    step: 20,
    epoch: 1 / 3,
    loss: null,
    reward: 0.7,
    learningRate: 1e-4,
    gradientNorm: 2.5,
    captionsPerSecond: 100.1,
  });
  return state;
}

describe('a checkpoint', () => {
  it.each(OPTIMIZERS)('gives back the whole state: %s', async (optimizer) => {
    for (const averaging of [0, 0.9]) {
      const path = temporary('state.safetensors');
      const state = midway(optimizer, averaging);
      await writeCheckpoint(path, state, 'this run');
      expect(await readCheckpoint(path, 'this run')).toEqual(state);
    }
  });

  it('knows the first state, which has no best epoch, from one whose best epoch is 0', async () => {
    const path = temporary('state.safetensors');
    const state = initialState(smaller, options, null);
    await writeCheckpoint(path, state, 'this run');
    expect(await readCheckpoint(path, 'this run')).toEqual(state);
    expect(state.best).toBeNull();
    state.best = { weights: state.weights, epoch: 0 };
    await writeCheckpoint(path, state, 'this run');
    expect((await readCheckpoint(path, 'this run')).best).toEqual({ weights: state.weights, epoch: 0 });
  });

  it("is a safetensors file that others can read, by the weights' names", async () => {
    const path = temporary('state.safetensors');
    await writeCheckpoint(path, midway('adam', 0.9), 'this run');
    const { tensors, metadata } = await readSafetensors(path);
    const groups = new Set([...tensors.keys()].map((name) => name.split('/')[0]));
    expect([...groups].sort()).toEqual(['average', 'best', 'optimizer.m', 'optimizer.v', 'weights']);
    expect(tensors.has('optimizer.m/layer0.Wx')).toBe(true);
    expect(metadata.format).toBe('caption-checkpoint-2');
  });

  it('of another run is refused', async () => {
    const path = temporary('state.safetensors');
    await writeCheckpoint(path, midway('sgd', 0), 'this run');
    const reading = readCheckpoint(path, 'that run');
    await expect(reading).rejects.toThrow(`${path} was made with other data or options than this call`);
    await expect(reading).rejects.toMatchObject({
      hint: 'resume with the options the run was started with, or start again in another folder',
    });
  });

  it('of another version, or another safetensors file, is refused', async () => {
    const path = temporary('state.safetensors');
    const tensors = [['weights/w', { dims: [1], data: Float32Array.of(1) }]] as const;
    for (const [metadata, got] of [
      [{ format: 'caption-checkpoint-1' }, 'one of another version (caption-checkpoint-1)'],
      [{ format: 'pt' }, 'another safetensors file'],
      [{}, 'another safetensors file'],
    ] as const) {
      await writeSafetensors(path, tensors, metadata);
      const reading = readCheckpoint(path, 'this run');
      await expect(reading).rejects.toThrow(
        `expected ${path} to be a checkpoint of caption train but got ${got}`,
      );
      await expect(reading).rejects.toBeInstanceOf(UserError);
      await expect(reading).rejects.toMatchObject({ hint: '--overwrite starts the training again' });
    }
  });

  it('that is no safetensors file, or cut short, is refused by its name', async () => {
    const path = temporary('state.safetensors');
    await writeFile(path, 'hello');
    await expect(readCheckpoint(path, 'this run')).rejects.toThrow(
      `${path} is not a readable safetensors file: it is shorter than its header`,
    );
    await expect(readCheckpoint(`${path}x`, 'this run')).rejects.toThrow(`cannot read ${path}x: ENOENT`);
  });
});
