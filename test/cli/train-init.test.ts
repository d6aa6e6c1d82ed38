import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { caption, captionWithin } from '../helpers/cli.ts';
import { trainedShapes } from '../helpers/trained-shapes.ts';

const trained = await trainedShapes();
const { folder } = trained;

const path = (name: string) => join(folder, name);

/** A call without options of the decoder. */
function call(out: string, ...options: string[]): string[] {
  const { shapes, model } = trained;
  return [
    ...['train', '--data', shapes.data, '--out', out, '--threads', '1', '--encoder-file', shapes.network],
    ...['--features', join(model, 'features.npy'), '--epochs', '2', '--batch-size', '8', ...options],
  ];
}

async function json(out: string, file: string) {
  return JSON.parse(await readFile(join(out, file), 'utf8'));
}

test('self-critical training goes on from a model and is no worse for it', async () => {
  const out = path('sharper');
  const selfCritical = ['--self-critical', '--samples', '4', '--learning-rate', '0.001', '--select', 'cider'];
  const { status, err } = await caption(call(out, '--init', trained.model, ...selfCritical));
  expect(status, err).toBe(0);
  expect(err).toMatch(/, 14 words; gru merge, layers 1, E 24, H 48\nepoch 0: validation loss /);
  expect(err).toMatch(/\nepoch 2: reward \d\.\d+, validation loss /);
  const { epochs, bestEpoch } = await json(out, 'run.json');
  expect(epochs).toMatchObject([
    { epoch: 0, trainLoss: null, reward: null },
    { epoch: 1, stage: 'self-critical', trainLoss: null, reward: expect.any(Number) },
    { epoch: 2, stage: 'self-critical', trainLoss: null, reward: expect.any(Number) },
  ]);
  // The model that it starts from knows the shapes.
  expect(epochs[1].reward).toBeGreaterThan(1);
  expect(epochs[bestEpoch].validationCider).toBeGreaterThanOrEqual(epochs[0].validationCider);
  const { training, decoder } = await json(out, 'model.json');
  expect(training).toMatchObject({ selfCritical: true, samples: 4, bestEpoch });
  expect(decoder).toEqual((await json(trained.model, 'model.json')).decoder);
});

test('words come from the model that a training starts from, not from the captions', async () => {
  const out = path('words');
  const data = join(trained.shapes.folder, 'other.jsonl');
  const lines = await readFile(trained.shapes.data, 'utf8');
  await writeFile(data, lines.replaceAll('on a white wall', 'before a zebra'));
  const { status, err } = await caption([...call(out, '--init', trained.model), '--data', data]);
  expect(status, err).toBe(0);
  expect(await json(out, 'vocabulary.json')).toEqual(await json(trained.model, 'vocabulary.json'));
});

test('a model goes on with features of its own encoder only', async () => {
  const { shapes, model } = trained;
  const from = ['--init', 'default', '--features', join(model, 'features.npy')];
  const encoder = ['--encoder', 'vgg16', '--encoder-file', shapes.network];
  const { status, err } = await captionWithin([
    'train',
    '--data',
    shapes.data,
    '--out',
    path('foreign'),
    ...from,
    ...encoder,
  ]);
  expect(err).toMatch(
    /^caption: expected features of the encoder of .*default, resnet50\+efficientnet-lite4, but got those of vgg16\nhint: /,
  );
  expect(status).toBe(2);
});

test('options that do not go together are one sentence and status 2', async () => {
  const out = path('wrong');
  const { model } = trained;
  const text = path('text.txt');
  await writeFile(text, 'a red circle\n');
  const empty = path('empty.txt');
  await writeFile(empty, '\n\n');
  const binary = path('binary.txt.gz');
  await writeFile(binary, Buffer.from('1f8b0800000000000003abcdef', 'hex'));
  const rewards = ['--init', model, '--self-critical'];
  const cases: [readonly string[], string | RegExp][] = [
    [['--self-critical'], 'expected --init together with --self-critical but got none\nhint: '],
    [['--text', text], 'expected --text and --text-epochs together but got --text alone\nhint: '],
    [['--text-epochs', '1'], 'expected --text and --text-epochs together but got --text-epochs alone\n'],
    [['--text', empty, '--text-epochs', '1'], `expected captions in ${empty}, one a line, but it has none\n`],
    [
      ['--text', binary, '--text-epochs', '1'],
      `expected ${binary} to be UTF-8 text but line 1 is not\nhint: `,
    ],
    [['--text', path('nope'), '--text-epochs', '1'], `cannot read ${path('nope')}: ENOENT`],
    [
      [...rewards, '--label-smoothing', '.1'],
      'expected --self-critical without --text, --scheduled-sampling',
    ],
    [
      [...rewards, '--scheduled-sampling', '.1'],
      'expected --self-critical without --text, --scheduled-sampl',
    ],
    [[...rewards, '--samples', '1'], 'expected --samples to be a whole number, from 2 to 1000, but got 1\n'],
    [
      [...rewards, '--samples', '1001'],
      'expected --samples to be a whole number, from 2 to 1000, but got 1001',
    ],
    [['--init', path('nope')], /model folder but got .*nope\n/],
    [
      ['--init', model, '--cell', 'lstm'],
      `the decoder of ${model}, where cell is gru, but got cell lstm\nhint: `,
    ],
    [['--init', model, '--preset', 'lecture'], /where cell is gru, but got cell rnn\n/],
    [['--init', model, '--hidden-size', '7'], /where hiddenSize is 48, but got hiddenSize 7\n/],
    [
      ['--init', model, '--out', `${model}/../model`, '--overwrite'],
      'expected --out to be another folder than that of --init but got ',
    ],
    [
      ['--optimizer', ''],
      'expected --optimizer to be one of sgd, adagrad, rmsprop, adam, adamw but got nothing\n',
    ],
    [['--learning-rate', 'NaN'], 'expected --learning-rate to be a number, more than 0, but got NaN\n'],
    [['--momentum', '1'], 'expected --momentum to be a number, from 0 to less than 1, but got 1\n'],
    [['--clip-norm', 'Infinity'], 'expected --clip-norm to be a number, 0 or more, but got Infinity\n'],
    [['--accumulate', '0'], 'expected --accumulate to be a whole number, from 1 to 65536, but got 0\n'],
    [['--warmup', ''], 'expected --warmup to be a whole number, 0 or more, but got nothing\n'],
    [
      ['--learning-rate-decay', '1.1'],
      '--learning-rate-decay to be a number, more than 0 and at most 1, but got',
    ],
  ];
  for (const [options, message] of cases) {
    const { status, err } = await captionWithin(call(out, ...options));
    expect(err).toMatch(message);
    expect(err).toMatch(/^caption: .*\n(hint: .*\n)?$/);
    expect(status).toBe(2);
  }
});
