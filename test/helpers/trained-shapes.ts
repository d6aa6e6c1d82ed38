import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, inject } from 'vitest';
import { caption } from './cli.ts';
import { type Shapes, shapesIn, trainingArguments, writeShapes } from './shapes.ts';

/** Shapes and a model that knows them by heart, in a folder of the test file's own. */
export interface TrainedShapes {
  readonly folder: string;
  /** `folder/shapes` */
  readonly shapes: Shapes;
  /** `folder/model`, with the features of train and val. */
  readonly model: string;
  /** Options to caption with it. */
  readonly captioning: readonly string[];
}

/** A copy of the shapes and their model, which are made once for all test files of a run. */
export async function trainedShapes(): Promise<TrainedShapes> {
  const made = join(inject('runFolder'), 'trained-shapes');
  while (!existsSync(made)) {
    // Whoever makes this folder does the work, the test files that run beside it wait.
    const lock = `${made}.lock`;
    const mine = await mkdir(lock).then(
      () => true,
      () => false,
    );
    if (!mine) {
      await setTimeout(50);
      continue;
    }
    try {
      if (!existsSync(made)) await make(made);
    } finally {
      await rm(lock, { recursive: true });
    }
  }
  const folder = await mkdtemp(join(inject('runFolder'), 'shapes-'));
  await cp(made, folder, { recursive: true });
  const [shapes, model] = [shapesIn(join(folder, 'shapes')), join(folder, 'model')];
  const captioning = ['--model', model, '--encoder-file', shapes.network, '--threads', '1'];
  return { folder, shapes, model, captioning };
}

async function make(made: string): Promise<void> {
  const unfinished = `${made}.unfinished`;
  const shapes = await writeShapes(join(unfinished, 'shapes'));
  const trained = await caption(trainingArguments(shapes, join(unfinished, 'model')));
  expect(trained).toMatchObject({ status: 0, out: '' });
  await rename(unfinished, made);
}
