import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { trainCommand } from '../../src/cli/train.ts';
import { caption, captionWithin, outputOf, signalAt } from '../helpers/cli.ts';
import { readFeatures } from '../helpers/feature-rows.ts';
import { trainingArguments, writeShapes } from '../helpers/shapes.ts';
import { trainedShapes } from '../helpers/trained-shapes.ts';

/** Enough for a run to be interrupted in the middle. */
const EPOCHS = 40;
const MODEL = ['decoder.onnx', 'model.json', 'start.onnx', 'vocabulary.json'];

const { folder, shapes, model: trained } = await trainedShapes();

/** The model's files; its name is given, as it would be the folder's. */
async function bytesOf(out: string): Promise<Buffer[]> {
  return Promise.all(MODEL.map((file) => readFile(join(out, file))));
}

test('runs that were interrupted or killed come to the same model as one that was not', async () => {
  // Dropout and averaging, so that the random numbers and the average must survive as well.
  const more = ['--name', 'shapes', '--dropout', '0.3', '--averaging', '0.9'];
  const named = (out: string) => [...trainingArguments(shapes, out, EPOCHS), ...more];
  const [whole, interrupted, killed] = ['whole', 'interrupted', 'killed'].map((name) => join(folder, name));
  const [all, stopped, dead] = await Promise.all([
    caption(named(whole!)),
    caption(named(interrupted!), { onText: signalAt('epoch 8:', 'SIGINT') }),
    caption(named(killed!), { onText: signalAt('epoch 15:', 'SIGKILL') }),
  ]);
  expect(all.status).toBe(0);
  expect(all.out).toBe('');
  expect(all.err).toMatch(
    /8 captions of 8 images, 8 captions for validation, 14 words; gru merge, layers 1, E 24, H 48/,
  );
  expect(all.err).toMatch(
    /\nepoch 1: train loss \d\.\d+ \(perplexity \d+\.\d+\), validation loss .*best so far\n/,
  );
  expect(all.err).toMatch(
    /\nwrote .*whole: epoch \d+, validation loss .*\ntry it: caption --model .*whole photo\.jpg\n$/,
  );
  expect((await readdir(whole!)).sort()).toEqual(
    [
      ...MODEL,
      ...['checkpoint.safetensors', 'features.index.jsonl', 'features.npy'],
      ...['report.html', 'run.json', 'status.json'],
    ].sort(),
  );

  expect(stopped.status).toBe(130);
  expect(stopped.err).toMatch(
    /\ninterrupted; .* holds a checkpoint and the model of epoch \d+\ngo on with: caption train .*--resume\n$/,
  );
  // The model of an interrupted run is a model.
  const [first] = shapes.pictures;
  const early = ['--model', interrupted!, '--encoder-file', shapes.network, first!.path];
  expect(await captionWithin(early)).toMatchObject({
    status: 0,
    out: expect.stringMatching(/^\w+( \w+)*\n$/),
  });

  expect(dead.status).toBe(137);
  expect(await readdir(killed!)).toContain('checkpoint.safetensors');

  const left = [interrupted!, killed!];
  const runs = await Promise.all(left.map((out) => caption([...named(out), '--resume'])));
  for (const [i, out] of left.entries()) {
    const resumed = runs[i]!;
    expect(resumed.status).toBe(0);
    expect(resumed.err).not.toContain('epoch 1:');
    expect(await bytesOf(out)).toEqual(await bytesOf(whole!));
  }
});

test('Ctrl-C that comes when all is done still tells of the model', async () => {
  const out = join(folder, 'late');
  // The last epoch is told after its validation; the checkpoint and the model are still to be written.
  const { err } = await outputOf(
    async () => {
      const call = trainCommand().parseAsync(trainingArguments(shapes, out, 2).slice(1), { from: 'user' });
      await expect(call).rejects.toThrow('interrupted by SIGINT');
    },
    (err) => {
      if (/epoch 2: .*\n$/.test(err)) process.emit('SIGINT');
    },
  );
  expect(err).toMatch(/\nwrote .*late: epoch 2, validation loss .*\ntry it: caption --model .*\n$/);
  expect(await readdir(out)).toEqual(expect.arrayContaining(MODEL));
});

test('a folder that holds a run is not written over by accident', async () => {
  const out = join(folder, 'taken');
  const call = [...trainingArguments(shapes, out, 1), '--features', join(trained, 'features.npy')];
  expect((await caption(call)).status).toBe(0);
  const again = await captionWithin(call);
  const other = await captionWithin([...call, '--resume', '--hidden-size', '7']);
  const both = await captionWithin([...call, '--resume', '--overwrite']);
  expect(again).toMatchObject({ status: 2, out: '' });
  expect(again.err).toMatch(
    /^caption: expected .*taken to hold no model yet but got the checkpoint of a run\nhint: --resume /,
  );
  expect(other.status).toBe(2);
  expect(other.err).toMatch(/checkpoint\.safetensors was made with other data or options than this call\n/);
  expect(both.status).toBe(2);
  expect(both.err).toMatch(/'--overwrite' cannot be used with option '--resume'/);

  await rm(join(out, 'checkpoint.safetensors'));
  const gone = await captionWithin([...call, '--resume']);
  expect(gone.err).toMatch(/expected .*checkpoint\.safetensors to resume from but there is only a model\n/);
  const replaced = await caption([...call, '--overwrite', '--cell', 'rnn']);
  expect(replaced.status).toBe(0);
  expect(JSON.parse(await readFile(join(out, 'model.json'), 'utf8')).decoder.cell).toBe('rnn');
});

test('with --mirror both views are learnt from; files made before come to the same model', async () => {
  const [made, given] = ['views', 'views-given'].map((name) => join(folder, name)) as [string, string];
  const named = (out: string) => [...trainingArguments(shapes, out, 3), '--name', 'views'];
  const alone = join(folder, 'views-not');
  const [both, one] = await Promise.all([caption([...named(made), '--mirror']), caption(named(alone))]);
  expect([both.status, one.status]).toEqual([0, 0]);
  const plain = await readFeatures(join(made, 'features.npy'));
  const mirror = await readFeatures(join(made, 'mirrored.npy'));
  expect([plain.keys.length, mirror.keys.length]).toEqual([16, 8]);

  // The same mirrored features in another order: rows are found by their keys.
  const turned = join(folder, 'turned.npy');
  const encoder = ['--encoder', 'vgg16', '--encoder-file', shapes.network, '--threads', '1'];
  const data = join(shapes.folder, 'turned.jsonl');
  const lines = (await readFile(shapes.data, 'utf8')).trimEnd().split('\n').reverse();
  await writeFile(data, lines.join('\n'));
  await captionWithin(['features', data, '--mirror', '--out', turned, ...encoder]);
  expect((await readFeatures(turned)).keys[0]).not.toBe(plain.keys[0]);
  const files = ['--features', join(made, 'features.npy'), '--mirrored-features', turned];
  expect((await caption([...named(given), ...files])).status).toBe(0);
  expect(await bytesOf(given)).toEqual(await bytesOf(made));

  expect(await bytesOf(alone)).not.toEqual(await bytesOf(made));
  expect(await readdir(alone)).not.toContain('mirrored.npy');
});

test('without a val split images are held out; a picture that cannot be read is named and left out', async () => {
  const { data, network } = await writeShapes(join(folder, 'trainonly'), { splits: ['train'] });
  const broken = join(folder, 'trainonly', 'images', 'red-circle-train.png');
  await writeFile(broken, 'not a picture');
  const out = join(folder, 'heldout');
  const { status, err } = await caption(trainingArguments({ ...shapes, data, network }, out, 2));
  expect(err).toMatch(/^captions has no val split: 5 % \(1 image\) held out for validation\n/);
  expect(err).toContain(`${broken}: cannot read it as an image: `);
  expect(err).toContain('1 image could not be read: left out');
  expect(err).toMatch(/\n6 captions of 6 images, 1 caption for validation, /);
  expect(status).toBe(1);
});

test('wrong calls are one sentence and status 2', async () => {
  const out = join(folder, 'wrong');
  const features = join(folder, 'resnet.npy');
  await writeFile(features, '');
  await writeFile(
    join(folder, 'resnet.index.jsonl'),
    '{"format":"caption features 2","encoder":"vgg16","hash":"0123","featureSize":4096}\n',
  );
  const made = join(trained, 'features.npy');
  const right = trainingArguments(shapes, out, 1);
  const cases: [readonly string[], string | RegExp][] = [
    [['train', '--out', out], "required option '--data <dataset>' not specified"],
    [[...right, '--data', 'nope.jsonl'], 'cannot read nope.jsonl: ENOENT'],
    [[...right, '--cell', 'gpt'], /expected --cell to be one of rnn, .*, gru, .* but got gpt/],
    [[...right, '--dropout', '1'], 'expected --dropout to be a number, from 0 to less than 1, but got 1'],
    [
      [...right, '--features', features],
      /resnet\.npy to be made with encoder vgg16 as it is here but got features of vgg16 \(0123 /,
    ],
    [
      [...right, '--features', made, '--mirrored-features', made],
      /features\.npy to be made with --mirror and encoder vgg16 as it is here but got features of vgg16 \(/,
    ],
    [
      [...right, '--features', made, '--mirror'],
      /^caption: expected --mirrored-features together with --mirror and --features but got none\nhint: /,
    ],
    [
      [...right, '--mirrored-features', made],
      /^caption: expected --features together with --mirrored-features but got .*features\.npy alone\n/,
    ],
    [
      [...right, '--features', made, '--learning-rate', '1e30'],
      /^caption: the training went astray: the loss became \S+ in epoch 1 .*\nhint: try a lower --learning-rate/m,
    ],
    [[...right, '--min-count', '99'], 'expected words seen at least 99 times in the captions but got none'],
  ];
  for (const [args, message] of cases) {
    const { status, err } = await captionWithin(args);
    expect(err).toMatch(message);
    expect(err).not.toMatch(/\n +at |Error:/);
    expect(status).toBe(2);
  }
});
