import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readModel } from '../../src/library/model-folder.ts';
import { modelWeights } from '../../src/library/model-weights.ts';
import type { FeatureViews } from '../../src/training/batches.ts';
import type { Hooks } from '../../src/training/loop.ts';
import { DECODING_DEFAULTS, prepareRun, type TrainingPlan } from '../../src/training/plan.ts';
import { trainingData, trainModel } from '../../src/training/run.ts';
import { RUN_FILE, type RunRecord } from '../../src/training/run-record.ts';
import { train } from '../../src/training/trainer.ts';
import { encoderDefinition } from '../../src/vision/encoders.ts';
import { rowsOf } from '../helpers/feature-rows.ts';
import { bytes, data, F, I, one, options, smaller, temporary, timeless } from './tiny-run.ts';

const resnet = encoderDefinition('resnet50');
const { cell, mode, layers, embeddingSize, hiddenSize } = smaller;
const photos = data.images.map(({ key, image, references }) => ({
  ...{ key, image, captions: references },
  split: undefined,
}));
const plan: TrainingPlan = {
  name: 'mine',
  encoder: {
    ...resnet,
    featureSize: F,
    networks: resnet.networks.map((network) => ({ ...network, featureSize: F })),
  },
  splits: { dataset: 'photos', train: photos, validation: photos.slice(0, 4), heldOut: true },
  features: { featureSize: F, rowOf: (key) => Number(key.replace('image ', '')) },
  decoder: { cell, mode, layers, embeddingSize, hiddenSize },
  minCount: 1,
  training: { ...options, epochs: 3 },
  decoding: DECODING_DEFAULTS,
};
const run = prepareRun(plan);
const recordIn = async (out: string): Promise<RunRecord> =>
  JSON.parse(await readFile(join(out, RUN_FILE), 'utf8'));

async function trained(features: FeatureViews = data.features, hooks: Hooks = {}) {
  const out = temporary('out');
  return { out, result: await trainModel(out, run, features, one, hooks) };
}

describe('trainModel', () => {
  it('writes the model of the best epoch, with what it came to', async () => {
    const { out, result } = await trained();
    expect(result).toMatchObject({ best: {}, outcome: { kind: 'finished' } });
    const model = await readModel(out);
    const alone = await train(run.config, trainingData(run, data.features), plan.training, one);
    expect(bytes(modelWeights(model))).toEqual(bytes(alone.weights));
    expect(model.vocabulary.words).toEqual(run.words);
    const { best } = result;
    expect(model.manifest).toMatchObject({
      ...{ name: 'mine', encoder: plan.encoder, decoder: run.config, decoding: DECODING_DEFAULTS },
      training: {
        ...plan.training,
        ...{ dataset: 'photos', trainImages: I, trainCaptions: I, validationImages: 4 },
        ...{ validationHeldOut: true, minCount: 1, bestEpoch: best!.epoch },
        validationLoss: best!.validationLoss,
        validationPerplexity: Math.exp(best!.validationLoss),
        validationCider: best!.validationCider,
      },
    });
  });

  it('writes its record after every epoch and at the end', async () => {
    const out = temporary('out');
    const states: string[] = [];
    const onEpoch = async () => {
      const { state, epochs } = await recordIn(out);
      states.push(`${state} ${epochs.length}`);
    };
    const result = await trainModel(out, run, data.features, one, { onEpoch });
    expect(states).toEqual(['training 1', 'training 2', 'training 3']);
    const record = await recordIn(out);
    expect(record).toMatchObject({
      ...{ formatVersion: 1, name: 'mine', state: 'finished', encoder: plan.encoder.name },
      data: {
        ...{ dataset: 'photos', trainImages: I, trainCaptions: I, validationImages: 4 },
        vocabularySize: run.words.length,
        tokenizer: 'word',
      },
      decoder: { cell, mode, layers, embeddingSize, hiddenSize },
      training: plan.training,
      bestEpoch: result.best!.epoch,
    });
    expect(record.epochs).toEqual(result.epochs);
    expect(record.photos).toEqual(
      photos.slice(0, 4).map(({ key, image, captions }, i) => ({
        ...{ key, image: resolve(image), references: captions },
        captions: [1, 2, 3].map((epoch) => ({ epoch, caption: result.watched[epoch - 1][i] })),
      })),
    );
  });

  it('gives the same bytes for the same run, also where it was interrupted', async () => {
    const whole = await trained();
    const controller = new AbortController();
    let steps = 0;
    const { out, result } = await trained(data.features, {
      signal: controller.signal,
      onProgress: () => ++steps === 3 && controller.abort(),
    });
    expect(result).toMatchObject({ best: {}, outcome: { kind: 'interrupted' } });
    expect((await recordIn(out)).state).toBe('interrupted');
    const rest = await trainModel(out, run, data.features, one, { resume: true });
    expect(rest.outcome.kind).toBe('finished');
    for (const file of ['model.json', 'decoder.onnx', 'start.onnx', 'vocabulary.json']) {
      expect((await readFile(join(out, file))).equals(await readFile(join(whole.out, file))), file).toBe(
        true,
      );
    }
    expect(timeless(await recordIn(out))).toEqual(timeless(await recordIn(whole.out)));
  });

  it('writes no model before the first epoch is done', async () => {
    const { out, result } = await trained(data.features, { signal: AbortSignal.abort() });
    expect(result).toMatchObject({ best: null, outcome: { kind: 'interrupted' } });
    expect(existsSync(join(out, 'model.json'))).toBe(false);
    expect(await recordIn(out)).toMatchObject({ state: 'interrupted', bestEpoch: null, epochs: [] });
    expect(existsSync(join(out, 'checkpoint.safetensors'))).toBe(true);
  });

  it('records that it diverged', async () => {
    const nothing = rowsOf(new Float32Array(I * F).fill(Number.NaN), F);
    const { out, result } = await trained({ featureSize: F, views: [nothing] });
    expect(result).toMatchObject({ best: null, outcome: { kind: 'diverged' } });
    expect((await recordIn(out)).state).toBe('diverged');
    expect(existsSync(join(out, 'model.json'))).toBe(false);
  });
});
