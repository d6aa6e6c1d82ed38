import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { caption, captionWithin } from '../helpers/cli.ts';
import { trainingArguments } from '../helpers/shapes.ts';
import { trainedShapes } from '../helpers/trained-shapes.ts';

const trained = await trainedShapes();
const { folder } = trained;

/** A training of the shapes with their ready features; later options win. */
function call(out: string, ...options: string[]): string[] {
  const features = ['--features', join(trained.model, 'features.npy')];
  return [...trainingArguments(trained.shapes, join(folder, out), 2), ...features, ...options];
}

test('a model of characters with every part of a decoder is trained, captions and is scored', async () => {
  const out = join(folder, 'characters');
  const parts = ['--layers', '2', '--highway', '--learned-state'];
  const steps = ['--tokenizer', 'char', '--max-steps', '40', '--epochs', '20'];
  const { status, err } = await caption(call('characters', ...parts, ...steps));
  expect(status, err).toBe(0);
  expect(err).toMatch(/, 23 characters; gru merge, layers 2, E 24, H 48\n/);
  const manifest = JSON.parse(await readFile(join(out, 'model.json'), 'utf8'));
  expect(manifest).toMatchObject({
    tokenizer: 'char',
    decoder: { highway: true, learnedState: true },
    decoding: { maxLength: 40 },
  });

  const { shapes } = trained;
  const model = ['--model', out, '--encoder-file', shapes.network];
  const [{ path }] = shapes.pictures;
  const said = await captionWithin([...model, path, '--threads', '1']);
  expect(said, said.err).toMatchObject({
    status: 0,
    out: expect.stringMatching(/^a \w+ \w+ on a white wall\n$/),
  });
  const scores = await captionWithin(['evaluate', '--data', shapes.data, '--split', 'test', ...model]);
  expect(scores.out, scores.err).toMatch(/CIDEr/);
});

test('a training that starts from a model of characters goes on with them', async () => {
  const { shapes, model } = trained;
  const data = ['--data', shapes.data, '--features', join(model, 'features.npy')];
  const options = ['--encoder-file', shapes.network, '--init', join(folder, 'characters')];
  const on = ['train', ...data, ...options, '--epochs', '1', '--max-steps', '40'];
  const further = await caption([...on, '--out', join(folder, 'further')]);
  expect(further.err).toMatch(/, 23 characters; gru merge.*\n(.*\n)*epoch 1: train loss [01]\./);
  const otherwise = await captionWithin([...on, '--out', join(folder, 'never'), '--tokenizer', 'word']);
  expect(otherwise.err).toMatch(/, where tokenizer is char, but got tokenizer word\nhint: /);
});

test.each([
  [['--highway'], 'expected highway with 2 layers or more but got 1'],
  [['--mode', 'init', '--learned-state'], 'expected learnedState with another mode than init but got both'],
  [['--tokenizer', 'syllable'], 'expected --tokenizer to be one of word, char but got syllable'],
])('parts that do not go together are one sentence before any work: %j', async (options, message) => {
  const { status, err } = await captionWithin(call('never', ...options));
  expect(err).toContain(message);
  expect(err).not.toContain('internal:');
  expect(status).toBe(2);
});
