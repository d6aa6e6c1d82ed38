import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { caption, captionWithin } from '../helpers/cli.ts';
import { trainedShapes } from '../helpers/trained-shapes.ts';

const { folder, shapes, captioning } = await trainedShapes();
const evaluate = ['evaluate', ...captioning, '--data', shapes.data];

test('a split is captioned and scored; features from a file give the same', async () => {
  const results = join(folder, 'results.json');
  const features = join(folder, 'model', 'features.npy');
  const table = await caption([...evaluate, '--split', 'train', '--out', results]);
  const json = await captionWithin([...evaluate, '--split', 'train', '--features', features, '--json']);
  expect(table).toMatchObject({ status: 0, err: '' });
  expect(table.out.replace(/perplexity +1\.\d\d\n$/, '')).toBe(
    [
      'Bleu_1             1.000',
      'Bleu_2             1.000',
      'Bleu_3             1.000',
      'Bleu_4             1.000',
      'ROUGE_L            1.000',
      'CIDEr              10.000',
      'distinct captions  8 of 8 (100.0 %)',
      'vocabulary used    10 words',
      'mean length        7.0 words',
      '',
    ].join('\n'),
  );
  expect(json.status).toBe(0);
  const scores = JSON.parse(json.out);
  expect(scores).toMatchObject({ images: 8, distinctCaptions: 8, vocabularyUsed: 10, meanLength: 7 });
  expect(scores.Bleu_4).toBeCloseTo(1, 6);
  expect(scores.perplexity).toBeGreaterThan(1);
  expect(scores.perplexity).toBeLessThan(1.1);

  const captions = JSON.parse(await readFile(results, 'utf8'));
  expect(captions).toHaveLength(8);
  expect(captions[0]).toEqual({
    image_id: 'images/red-circle-train.png',
    caption: 'a red circle on a white wall',
  });
});

test("the validation perplexity is the training's own", async () => {
  const { training } = JSON.parse(await readFile(join(folder, 'model', 'model.json'), 'utf8'));
  const { out } = await captionWithin([...evaluate, '--split', 'val', '--json', '--limit', '8']);
  expect(JSON.parse(out).perplexity).toBeCloseTo(training.validationPerplexity, 4);
});

test('--html writes a page of the worst and best photographs, whether or not they can still be read', async () => {
  const page = join(folder, 'page.html');
  const features = join(folder, 'model', 'features.npy');
  const short = [...evaluate, '--split', 'train', '--features', features, '--json', '--html', page];
  const plain = await captionWithin(short.slice(0, -2));
  expect(await captionWithin([...short, '--html-count', '3'])).toEqual(plain);
  const six = await readFile(page, 'utf8');
  expect(six).toContain(
    '<h1>model</h1>\n<p>What it says about 8 photographs of data set captions, split train,',
  );
  expect(six).toContain('<li dir="auto">A <mark>red</mark> <mark>circle</mark> on a white wall.</li>');
  expect(six.match(/<img /g)).toHaveLength(6);
  const missing = await captionWithin([...short, '--images-dir', folder]);
  expect(missing).toEqual(plain);
  const boxes = await readFile(page, 'utf8');
  expect(boxes.match(/<p><bdi>images\/\w+-\w+-train\.png<\/bdi><br>could not be read<\/p>/g)).toHaveLength(8);
});

test('a page that can not be written is said before anything is read', async () => {
  const photo = shapes.pictures[0]!.path;
  const both = join(folder, 'both.html');
  const cases: [string[], RegExp][] = [
    [
      ['--html', join(folder, 'gone', 'page.html')],
      /^caption: expected --html to be a file in an existing folder but /,
    ],
    [['--html', folder], /^caption: expected --html to be a file but .* is a folder\n$/],
    [
      ['--html', photo],
      /^caption: expected --html to be a new file or an older page of caption evaluate but /,
    ],
    [
      ['--html', both, '--out', both],
      /^caption: expected --html and --out to be two files but got .* for both\n$/,
    ],
    [['--html-count', '3'], /^caption: expected --html-count with --html <page\.html> but got it alone\n$/],
    [
      ['--html', both, '--html-count', '1001'],
      /^caption: expected --html-count to be a whole number, from 1 to 1000, but got 1001\n$/,
    ],
  ];
  for (const [args, message] of cases) {
    // Neither is there: what is read first would be complained of first.
    const { status, out, err } = await captionWithin([
      ...['evaluate', '--model', join(folder, 'no-model'), '--data', join(folder, 'no-data')],
      ...['--split', 'val', ...args],
    ]);
    expect(err).toMatch(message);
    expect({ status, out }).toEqual({ status: 2, out: '' });
  }
});

test('wrong calls are one sentence and status 2; an unreadable image is named and left out', async () => {
  const features = join(folder, 'model', 'features.npy');
  const mirrored = join(folder, 'mirrored.npy');
  const extract = ['features', shapes.pictures[0]!.path, '--mirror', '--out', mirrored, '--threads', '1'];
  await captionWithin([...extract, '--encoder', 'vgg16', '--encoder-file', shapes.network]);
  const cases: [string[], string | RegExp][] = [
    [['--split', 'dev'], 'expected --split to be one of train, val, test but got dev'],
    [[], "required option '--split <name>' not specified"],
    [
      ['--split', 'test', '--features', features],
      /features\.npy to have every image but 8 of 8 are missing, such as images/,
    ],
    [
      ['--split', 'train', '--features', mirrored],
      /mirrored\.npy to be made with the encoder of model model, vgg16, but got features of vgg16 \(/,
    ],
    [['--split', 'test', '--images-dir', folder], 'expected all 8 images of captions but got 8 missing'],
  ];
  for (const [args, message] of cases) {
    const { status, out, err } = await captionWithin([...evaluate, ...args]);
    expect(err).toMatch(message);
    expect({ status, out }).toEqual({ status: 2, out: '' });
  }

  await writeFile(join(shapes.folder, 'images', 'red-circle-test.png'), 'not a picture');
  const partly = await captionWithin([...evaluate, '--split', 'test', '--json']);
  expect(partly.status).toBe(1);
  expect(partly.err).toMatch(
    /red-circle-test\.png: cannot read it as an image: .*\nthe scores are those of 7 of 8 images\n$/,
  );
  expect(JSON.parse(partly.out).images).toBe(7);
});

test('score prints what evaluate would, for captions from anywhere', async () => {
  const [candidates, references, other] = ['candidates', 'references', 'other'].map((name) =>
    join(folder, `${name}.json`),
  );
  const annotations = [
    { image_id: 1, caption: 'A dog runs on the beach.' },
    { image_id: 2, caption: 'Two cats sleep.' },
  ];
  await writeFile(references!, JSON.stringify({ images: [{ id: 1 }, { id: 2 }], annotations }));
  await writeFile(candidates!, JSON.stringify(annotations));
  await writeFile(other!, JSON.stringify(annotations.slice(1)));
  const table = await captionWithin(['score', candidates!, '--references', references!]);
  const json = await captionWithin(['score', candidates!, '--references', references!, '--json']);
  const wrong = await captionWithin(['score', other!, '--references', references!]);
  const missing = await captionWithin(['score', candidates!]);
  expect(table).toMatchObject({ status: 0, err: '' });
  expect(table.out).toMatch(/^Bleu_1 +1\.000\nBleu_2 +1\.000\n.*\nCIDEr +\d+\.\d{3}\n/s);
  expect(JSON.parse(json.out)).toMatchObject({ images: 2, ROUGE_L: 1 });
  expect(wrong).toMatchObject({ status: 2, out: '' });
  expect(wrong.err).toMatch(
    /^caption: expected the same images in .*but got image 1 without a caption in .*other\.json\n/,
  );
  expect(missing).toMatchObject({
    status: 2,
    err: "caption: required option '--references <captions.json>' not specified\n",
  });
});
