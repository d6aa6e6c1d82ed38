import { expect, test } from 'vitest';
import { runPage } from '../../src/report/run-page.ts';
import { distinctLabels } from '../../src/report/run-report.ts';
import { runRecord, watchedPhoto } from '../helpers/run-record.ts';

const HOSTILE = `</script></title><img src=x onerror="alert(1)">'&`;

const page = (...records: ReturnType<typeof runRecord>[]) =>
  runPage(
    records.map((record) => ({ label: record.name, record })),
    new Map(),
  );

/** What a reader reads, tags as spaces. */
const textOf = (html: string) =>
  html
    .replace(/^.*<body>/s, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');

const titles = (html: string) => [...html.matchAll(/<figcaption><b>([^<]*)</g)].map(([, title]) => title);

test('a run that learnt characters says so', () => {
  const { data, ...run } = runRecord();
  const text = textOf(page({ ...run, data: { ...data, tokenizer: 'char', vocabularySize: 31 } }));
  expect(text).toContain('30,000 captions, 31 characters;');
  expect(text).toContain('tokenizer char');
});

test('a run has a header, headline figures, curves, epochs and settings', () => {
  const run = runRecord({
    training: { labelSmoothing: 0.1, dropout: { image: 0.3, embedding: 0.5, output: 0.5 } },
  });
  const html = page(run);
  const text = textOf(html);
  const best = run.epochs[run.bestEpoch! - 1]!;
  expect(text).toContain(
    'show-and-tell finished Learnt flickr8k: 6,000 photographs with 30,000 captions, 2,984 words',
  );
  expect(text).toContain(`best epoch ${best.epoch} of 12 CIDEr ${best.validationCider.toFixed(3)}`);
  expect(text).toContain(`perplexity ${Math.exp(best.validationLoss).toFixed(2)}`);
  expect(titles(html)).toEqual([
    ...['Loss', 'Perplexity', 'CIDEr', 'Distinct captions'],
    ...['Learning rate', 'Gradient norm', 'Speed'],
  ]);
  expect(text).toContain(
    `${best.epoch} best ${best.trainLoss!.toFixed(4)} ${best.validationLoss.toFixed(4)}`,
  );
  expect(html.match(/<th scope="row">/g)).toHaveLength(12);
  expect(text).toContain('labelSmoothing 0.1 default 0');
  expect(text).toContain('dropout.image 0.3 default 0.2');
  expect(text).toContain('dropout.embedding 0.5 dropout.output 0.5');
  expect(html.match(/class="changed"/g)).toHaveLength(3);
});

test('self-critical epochs have a reward, and the curves say where they begin', () => {
  const html = page(runRecord({ selfCritical: 4 }));
  expect(titles(html)).toContain('Reward');
  expect(html).toMatch(/<g class="mark">.*?>self-critical</);
  expect(textOf(html)).toContain('epoch stage training loss reward validation loss');
});

test('captions that stayed the same are one', () => {
  const captions = ['a dog', 'a cat', 'a cat', 'a cat', 'a dog', 'a bird in a tree'];
  const photos = [watchedPhoto('a.jpg', captions, ['One bird .', 'A tree .'])];
  const html = runPage(
    [{ label: 'a', record: { ...runRecord({ epochs: 6, photos }), bestEpoch: 3 } }],
    new Map([['/photos/a.jpg', 'data:image/webp;base64,AAAA']]),
  );
  expect(textOf(html)).toContain(
    'epoch 1 a dog epochs 2–4 best a cat epoch 5 a dog epoch 6 a bird in a tree People wrote One bird . A tree . a.jpg',
  );
  expect(html).toContain('src="data:image/webp;base64,AAAA"');
  expect(page(runRecord({ photos }))).toContain('<div class="gone">a.jpg</div>');
});

test('runs of different lengths: figures, settings that differ, curves over each other, last captions', () => {
  const photo = (caption: string) => [watchedPhoto('a.jpg', ['a', caption])];
  const long = runRecord({ name: 'long', photos: photo('a dog'), finalLoss: 2.5 });
  const decoder = { ...long.decoder, cell: 'gru' };
  const short = runRecord({
    name: 'short',
    epochs: 5,
    decoder,
    photos: photo('a cat'),
    training: { seed: 7 },
  });
  const none = runRecord({ name: 'none', epochs: 0, state: 'training', decoder, training: { seed: 7 } });
  const html = page(long, short, none);
  const text = textOf(html);
  expect(text).toMatch(/^ 3 trainings Side by side .*? long short none state finished finished training /);
  expect(text).toContain(`best epoch ${long.bestEpoch} of 12 ${short.bestEpoch} of 5 – of 0`);
  expect(text).toContain('Settings that differ cell lstm gru gru epochs 12 5 0 seed 1 7 7 Curves');
  const best = long.epochs[long.bestEpoch! - 1]!;
  expect(html).toContain(`<td class="better">${best.validationCider.toFixed(3)}</td>`);
  expect(html).toContain(`<td class="better">${best.validationLoss.toFixed(4)}</td>`);
  expect(text).toContain('CIDEr-D of the validation photographs, greedy long short');
  expect(text).toContain('long a dog short a cat People wrote A dog runs along the beach . a.jpg');
  expect(html).not.toMatch(/NaN|Infinity|undefined/);
});

test('equal runs have no better one and no setting that differs', () => {
  const html = page({ ...runRecord(), name: 'a' }, { ...runRecord(), name: 'b' });
  expect(html).not.toContain('class="better"');
  expect(textOf(html)).toContain('All settings are the same Curves');
});

test('what files and people wrote is text, and nothing is loaded', () => {
  const photos = [watchedPhoto(HOSTILE, [HOSTILE], [HOSTILE], `/photos/${HOSTILE}`)];
  const run = runRecord({ name: HOSTILE, photos, decoder: { [HOSTILE]: HOSTILE } });
  const hostile = { ...run, encoder: HOSTILE, data: { ...run.data, dataset: HOSTILE } };
  for (const html of [page(hostile), page(hostile, runRecord())]) {
    expect(html).not.toMatch(/<img|<script|<\/script|https?:\/\/|\son\w+="|\sstyle="/);
    expect(html.match(/<\/title><meta|<\/title>\n<style>/g)).toHaveLength(1);
    expect(html).toContain('&#60;/script&#62;');
  }
});

test('numbers that a run does not have are dashes', () => {
  const run = runRecord({ state: 'diverged' });
  const epochs = run.epochs.map((epoch) => ({ ...epoch, validationLoss: Number.NaN, seconds: Infinity }));
  const curve = run.curve.map((point) => ({ ...point, loss: Number.NaN, gradientNorm: Infinity }));
  const broken = { ...run, bestEpoch: null, epochs, curve };
  for (const html of [page(broken), page(broken, broken), page(runRecord({ epochs: 0 }))]) {
    expect(html).not.toMatch(/NaN|Infinity|undefined|null/);
    expect(html).toContain('no values yet');
  }
  expect(textOf(page(broken))).toContain('best epoch – of 12 CIDEr –');
});

test('labels are the last parts of paths that tell them apart', () => {
  expect(distinctLabels(['/runs/a', '/runs/b'])).toEqual(['a', 'b']);
  expect(distinctLabels(['/x/1/run', '/x/2/run', '/x/other'])).toEqual(['1/run', '2/run', 'other']);
  expect(distinctLabels(['/run', '/x/run', '/y/x/run'])).toEqual(['run', 'x/run', 'y/x/run']);
  expect(distinctLabels(['/'])).toEqual(['/']);
});
