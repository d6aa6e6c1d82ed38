import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scoreCaptions } from '../../src/evaluation/score.ts';
import { evaluationPage } from '../../src/report/evaluation-page.ts';
import type { EvaluatedPhoto } from '../../src/report/photo-cards.ts';

let folder: string;
let photograph: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evaluation-'));
  photograph = join(folder, 'photo.jpg');
  const pixels = sharp({ create: { width: 640, height: 320, channels: 3, background: '#3366cc' } });
  await writeFile(photograph, await pixels.jpeg().toBuffer());
});
afterAll(() => rm(folder, { recursive: true }));

const SENTENCES = [
  'a dog runs along the beach',
  'two cats sleep on a sofa',
  'a red bus stops near the church',
  'children play football in a park',
  'an old man reads a newspaper',
];

/** Photographs 0.jpg, 1.jpg, ... : those at `right` are captioned with their reference, the others with nothing of it. */
function photosOf(count: number, right: readonly number[] = []): EvaluatedPhoto[] {
  return Array.from({ length: count }, (_, i) => ({
    image: photograph,
    key: `${i}.jpg`,
    caption: right.includes(i) ? SENTENCES[i]! : 'zebras',
    references: [SENTENCES[i]!],
  }));
}

/** The page of captions with their real scores. */
function pageOf(
  photos: readonly EvaluatedPhoto[],
  count = 48,
  names: { models?: string[]; dataset?: string } = {},
) {
  const candidates = new Map(photos.map(({ key, caption }) => [key, caption]));
  const scores = scoreCaptions(candidates, new Map(photos.map(({ key, references }) => [key, references])));
  const { models = ['default'], dataset = 'flickr8k' } = names;
  return evaluationPage({ models, dataset, split: 'val', photos, scores, perplexity: 15.853 }, count);
}

/** File names of a section, in the order they are shown; undefined where there is no such section. */
function shownIn(page: string, section: 'worst' | 'best'): string[] | undefined {
  const html = new RegExp(`<section id="${section}">.*?</section>`, 's').exec(page)?.[0];
  return html === undefined ? undefined : [...html.matchAll(/<bdi>(.*?)<\/bdi>/g)].map(([, name]) => name!);
}

const tags = (html: string) => html.match(/<\/?[^\s>]*/g);

describe('the worst and the best', () => {
  it('are in the order of their scores, equal ones in the order of the data set', async () => {
    const page = await pageOf(photosOf(5, [1, 3]), 3);
    expect(shownIn(page, 'worst')).toEqual(['0.jpg', '2.jpg', '4.jpg']);
    expect(shownIn(page, 'best')).toEqual(['1.jpg', '3.jpg']);
  });

  it('are as many as asked for, best first', async () => {
    const photos = photosOf(5, [0, 1, 3]);
    photos[1] = { ...photos[1]!, caption: 'two cats sleep on a chair' };
    const page = await pageOf(photos, 2);
    expect(shownIn(page, 'worst')).toEqual(['2.jpg', '4.jpg']);
    expect(shownIn(page, 'best')).toEqual(['0.jpg', '3.jpg']);
    expect(page).toMatch(/<section id="worst">\n<h2>Worst captions<\/h2>\n<p>CIDEr-D 0\.00 to 0\.00\./);
    expect(page).toMatch(/<section id="best">\n<h2>Best captions<\/h2>\n<p>CIDEr-D 10\.00 to 10\.00\./);
  });

  it('never show a photograph twice', async () => {
    expect(shownIn(await pageOf(photosOf(3)), 'worst')).toEqual(['0.jpg', '1.jpg']);
    expect(shownIn(await pageOf(photosOf(3)), 'best')).toEqual(['2.jpg']);
    const two = await pageOf(photosOf(2, [0]));
    expect([shownIn(two, 'worst'), shownIn(two, 'best')]).toEqual([['1.jpg'], ['0.jpg']]);
  });

  it('are one, and no best, of a single photograph, whose score says nothing', async () => {
    const page = await pageOf(photosOf(1, [0]));
    expect([shownIn(page, 'worst'), shownIn(page, 'best')]).toEqual([['0.jpg'], undefined]);
    expect(page).not.toContain('#best');
    expect(page).toContain('one photograph of data set flickr8k, split val');
    expect(page).toContain('with a single photograph none has any weight');
  });
});

describe('a photograph', () => {
  it('has a thumbnail, its score, the caption and all references', async () => {
    const [first, second] = photosOf(2, [1]);
    const page = await pageOf([{ ...first!, references: ['A dog.', 'Some brown dog!'] }, second!]);
    const [, data] = /<img alt="zebras" decoding="async" src="data:image\/webp;base64,(.*?)">/.exec(page)!;
    const picture = await sharp(Buffer.from(data!, 'base64')).metadata();
    expect(picture).toMatchObject({ format: 'webp', width: 320, height: 160 });
    expect(page).toContain('<data value="0.0000" title="CIDEr-D">0.00</data>');
    expect(page).toContain('<data value="10.0000" title="CIDEr-D">10.00</data>');
    expect(page).toContain('<p class="caption" dir="auto">zebras</p>');
    expect(page).toContain('<li dir="auto">A dog.</li>\n<li dir="auto">Some brown dog!</li>');
  });

  it('that is missing or spoilt is a box with its name', async () => {
    const spoilt = join(folder, 'spoilt.jpg');
    await writeFile(spoilt, 'no longer a photograph');
    const [first, second, third] = photosOf(3);
    const page = await pageOf([
      { ...first!, image: join(folder, 'gone.jpg') },
      { ...second!, image: spoilt },
      third!,
    ]);
    expect(page.match(/<img /g)).toHaveLength(1);
    for (const name of ['0.jpg', '1.jpg'])
      expect(page).toContain(`<div class="picture"><p><bdi>${name}</bdi><br>could not be read</p><data`);
    expect(shownIn(page, 'worst')).toEqual(['0.jpg', '1.jpg']);
  });

  it('has the words marked that caption and references share, but not those of most photographs', async () => {
    const photos = photosOf(3);
    photos[0] = {
      ...photos[0]!,
      caption: "a grey dog's ball on the beach",
      references: ['A gray Dog, at the beach.', 'the hound & a shell'],
    };
    const page = await pageOf(photos);
    // "a" and "the" are written of two of three photographs; coco-caption takes grey for gray.
    expect(page).toContain('>a <mark>grey</mark> <mark>dog&#39;s</mark> ball on the <mark>beach</mark></p>');
    expect(page).toContain(
      '<li dir="auto">A <mark>gray</mark> <mark>Dog</mark>, at the <mark>beach</mark>.</li>',
    );
    expect(page).toContain('<li dir="auto">the hound &#38; a shell</li>');
  });
});

describe('the page', () => {
  it('has the scores as the terminal shows them', async () => {
    const page = await pageOf(photosOf(5, [0, 1, 3]));
    const tiles = [...page.matchAll(/<dt>(.*?)<\/dt><dd>(.*?)<\/dd>/g)].map(([, name, value]) => [
      name,
      value!.replace(/<.*?>/g, ''),
    ]);
    expect(Object.fromEntries(tiles)).toMatchObject({
      CIDEr: '6.000',
      'ROUGE-L': '0.600',
      perplexity: '15.85',
      'distinct captions': '4 of 5 (80.0 %)',
      'vocabulary used': '17 words',
      'mean length': '4.0 words',
    });
    expect(tiles).toHaveLength(10);
  });

  it('counts the photographs of each range of CIDEr-D', async () => {
    const page = await pageOf(photosOf(5, [0, 1, 3]));
    const counts = [...page.matchAll(/<title>([\d.]+) to ([\d.]+): (\d+)<\/title>/g)].map(
      ([, ...numbers]) => numbers,
    );
    expect(counts).toEqual([
      ['0', '0.5', '2'],
      ['10', '10.5', '3'],
    ]);
    expect(page).toContain('>mean 6.000</text>');
    expect(await pageOf(photosOf(1))).toContain('<title>0 to 0.05: 1</title>');
  });

  it('lists the ten captions that were said most often, with their mean score', async () => {
    const photos = Array.from({ length: 31 }, (_, i): EvaluatedPhoto => {
      const references = [SENTENCES[i % 5]!];
      return { image: join(folder, 'gone.jpg'), key: `${i}`, caption: `caption ${i % 15}`, references };
    });
    photos[1] = { ...photos[1]!, caption: SENTENCES[1]! };
    const rows = (await pageOf(photos)).match(/<tr><td>.*/g);
    expect(rows).toHaveLength(10);
    expect(rows![0]).toBe('<tr><td>3</td><td>0.00</td><td dir="auto">caption 0</td></tr>');
    expect(rows![1]).toBe('<tr><td>2</td><td>0.00</td><td dir="auto">caption 2</td></tr>');
    expect(await pageOf(photosOf(2, [1]))).toContain('No caption was given to two photographs.');
  });

  it('loads nothing and runs nothing', async () => {
    const page = await pageOf(photosOf(4, [1]));
    expect(page).toMatch(/<meta name="generator" content="caption evaluate">/);
    expect(page).toContain(`content="default-src 'none'; img-src data:; style-src 'sha256-`);
    expect(page).not.toMatch(/https?:|<script|<link|style="|@import|url\(/);
  });

  it('is marked up by nothing that captions, references and names say', async () => {
    const hostile = `</title></style><script>alert('1')</script> "&lt; <!-- \u0000\u202e\ud800 </figure>`;
    const written = (text: string) => {
      const photos = [0, 1].map((i) => ({
        ...{ image: photograph, key: `${i}${text}`, caption: text },
        references: [`${text} of ${i}`],
      }));
      return pageOf(photos, 48, { models: [text, 'b'], dataset: text });
    };
    const [page, plain] = [await written(hostile), await written('zebra')];
    const shape = (html: string) => tags(html)!.filter((tag) => !tag.endsWith('mark'));
    expect(shape(page)).toEqual(shape(plain));
    expect(page).toContain(
      '&#60;script&#62;alert(&#39;1&#39;)&#60;/script&#62; &#34;&#38;lt; &#60;!-- \ufffd\u202e\ufffd ',
    );
    expect(Buffer.from(page).toString()).toBe(page);
  });
});
