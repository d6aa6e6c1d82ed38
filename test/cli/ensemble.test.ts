import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { initialWeights } from '../../src/decoder/parameters.ts';
import { writeModel } from '../../src/library/model-folder.ts';
import { Random } from '../../src/random.ts';
import { Vocabulary } from '../../src/text/vocabulary.ts';
import { Encoder } from '../../src/vision/encoder.ts';
import { encoderDefinition } from '../../src/vision/encoders.ts';
import { captionWithin } from '../helpers/cli.ts';
import { type Shapes, writeShapes } from '../helpers/shapes.ts';

const WORDS = ['<pad>', '<start>', '<end>', '<unk>', 'a', 'red', 'blue', 'circle', 'square'];

let folder: string;
let shapes: Shapes;
let photo: string;
/** Two untrained models; the second keeps fewer words in its captions. A comma divides no list. */
const [FIRST, SECOND] = ['first', 'second, brief'];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caption-ensemble-cli-'));
  shapes = await writeShapes(join(folder, 'shapes'), { splits: ['val'] });
  photo = join(shapes.folder, 'images/red-circle-val.png');
  const encoder = await Encoder.load(encoderDefinition('vgg16'), [shapes.network], { threads: 1 });
  const decoder = {
    ...({ cell: 'gru', mode: 'merge', layers: 1, embeddingSize: 6, hiddenSize: 8 } as const),
    ...{ featureSize: 4096, vocabularySize: WORDS.length },
  };
  for (const [name, maxLength] of [
    [FIRST, 5],
    [SECOND, 2],
  ] as const) {
    const decoding = { beam: 3, minLength: maxLength, maxLength, lengthPenalty: 0 };
    const manifest = { name, encoder: encoder.definition, decoder, decoding, training: {} };
    const weights = initialWeights(decoder, new Random(maxLength));
    await writeModel(join(folder, name), manifest, new Vocabulary(WORDS), weights);
  }
  await encoder.release();
});
afterAll(() => rm(folder, { recursive: true }));

const run = (models: readonly string[], args: readonly string[]) =>
  captionWithin([...args, ...models.flatMap((model) => ['--model', model])], { cwd: folder });
const machine = () => ['--encoder-file', shapes.network, '--threads', '1'];

/** Caption and score of the photograph. */
async function captioned(models: readonly string[]): Promise<{ text: string; score: number }> {
  const { status, out, err } = await run(models, [photo, '--json', ...machine()]);
  expect({ status, err }).toEqual({ status: 0, err: '' });
  return JSON.parse(out);
}

test('several models caption together, and search as the first of them was chosen with', async () => {
  const [first, second, both, other] = [
    await captioned([FIRST]),
    await captioned([SECOND]),
    await captioned([FIRST, SECOND]),
    await captioned([SECOND, FIRST]),
  ];
  const lengths = [first, both, second, other].map(({ text }) => text.split(' ').length);
  expect(lengths).toEqual([5, 5, 2, 2]);
  expect(new Set([first, second, both, other].map(({ score }) => score)).size).toBe(4);

  const results = join(folder, 'captions.json');
  const evaluate = [
    'evaluate',
    '--data',
    shapes.data,
    '--split',
    'val',
    '--limit',
    '1',
    '--json',
    ...machine(),
  ];
  const together = await run([FIRST, SECOND], [...evaluate, '--out', results]);
  expect(together).toMatchObject({ status: 0 });
  expect(JSON.parse(await readFile(results, 'utf8'))).toEqual([
    { image_id: 'images/red-circle-val.png', caption: both.text },
  ]);
  const alone = [await run([FIRST], evaluate), await run([SECOND], evaluate)];
  const [a, b] = alone.map(({ out }) => JSON.parse(out).perplexity as number);
  // log of a mean is at least the mean of the logs.
  expect(JSON.parse(together.out).perplexity).toBeLessThan(Math.sqrt(a! * b!));
});

test('without --model it is the default model, which the first --model replaces', async () => {
  const otherEncoder = [photo, '--encoder', 'nosuch'];
  const none = await run([], otherEncoder);
  expect(none).toMatchObject({ status: 2, out: '' });
  expect(none.err).toContain('which model default was trained with, but got nosuch');
  expect((await run([FIRST], otherEncoder)).err).toContain(
    'which model first was trained with, but got nosuch',
  );
});

test('models that do not go together are refused in a sentence, before anything else is read', async () => {
  const cases: [string[], RegExp][] = [
    [
      ['default', FIRST],
      /^caption: expected the models of an ensemble to have the same words but default has [\d,]+ and first 9\nhint: /,
    ],
    [
      [FIRST, SECOND, `./${SECOND}`],
      /^caption: expected each model of an ensemble once but second, brief was given twice\nhint: /,
    ],
    [[FIRST, 'nosuch'], /^caption: expected a model to be .* or a model folder but got nosuch\nhint: /],
  ];
  for (const [models, message] of cases) {
    for (const args of [[photo], ['evaluate', '--data', 'no-data', '--split', 'val']]) {
      const { status, out, err } = await run(models, args);
      expect(err).toMatch(message);
      expect({ status, out }).toEqual({ status: 2, out: '' });
    }
  }
});
