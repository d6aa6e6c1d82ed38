import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { html } from '../../../src/captioning/writers/html.ts';

const dog = { text: 'a dog runs on the beach', logProb: -7.30519 };

let folder: string;
let source: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'html-'));
  source = join(folder, 'photo.jpg');
  const photo = sharp({ create: { width: 640, height: 320, channels: 3, background: '#3366cc' } });
  await writeFile(source, await photo.jpeg().toBuffer());
});
afterAll(() => rm(folder, { recursive: true }));

const record = async (name: string, captions = [dog], from: string | Uint8Array = source) =>
  html.record(name, { path: name, source: from, captions });

/** What stands between the first `start` and the next `end`. */
function between(text: string, start: string, end: string): string {
  const from = text.indexOf(start) + start.length;
  expect(from).toBeGreaterThanOrEqual(start.length);
  return text.slice(from, text.indexOf(end, from));
}

/** The tags of a record, without their attributes. */
const tags = (text: string) => text.match(/<\/?[^\s>]*/g);

const ODD_NAMES = [
  'plain.jpg',
  'summer 2024/a dog.jpg',
  '#1? 100% sure & more.jpg',
  `"double" 'single'.jpg`,
  'two\nlines\r\nand\u2028more.jpg',
  '<img src=x onerror=alert(1)>.jpg',
  '</bdi></figcaption></figure><figure>.jpg',
  '&amp;&#10;.jpg',
  'javascript:alert(1).jpg',
  '-dash\\back\tslash.jpg',
  'Zoë/日本語/🐕.jpg',
  '../outside/%2e%2e.jpg',
];

describe('a record of the page', () => {
  it('holds the picture, the link, the caption, its score and the name', async () => {
    const text = await record('beach/dog.jpg');
    expect(text).toMatch(/^<figure><a href="beach\/dog\.jpg"><noscript><img /);
    expect(text).toContain('alt="a dog runs on the beach"');
    expect(text).toContain('<p>a dog runs on the beach</p>');
    expect(text).toMatch(/<data value="-7.3052" title="log-probability of the caption">-7.31<\/data>/);
    expect(text).toContain('<bdi>beach/dog.jpg</bdi>');
    const thumbnail = await sharp(Buffer.from(between(text, 'base64,', '"'), 'base64')).metadata();
    expect(thumbnail).toMatchObject({ format: 'webp', width: 176, height: 88 });
  });

  it('has all captions, the best one as the text for the picture', async () => {
    const text = await record('a.jpg', [dog, { text: 'a brown dog', logProb: -8 }]);
    expect(text.match(/<p>.*?<\/data>/g)).toHaveLength(2);
    expect(text).toContain('<p>a brown dog</p><data value="-8"');
    expect(between(text, 'alt="', '"')).toBe(dog.text);
  });

  it.each(ODD_NAMES)('is one line and the same elements for the name %j', async (name) => {
    const text = await record(name);
    expect(text.split(/[\n\r\u2028\u2029]/)).toEqual([text.slice(0, -1), '']);
    expect(tags(text)).toEqual(tags(await record('plain.jpg')));
    expect(html.keyIn(text)).toBe(html.keyOf(name));
  });

  it.each(ODD_NAMES)('links to the file called %j', async (name) => {
    const link = new URL(between(await record(name), 'href="', '"'), 'file:///photos/of/mine/captions.html');
    expect(link.protocol).toBe('file:');
    const path = join('/photos/of/mine', ...name.split('/'));
    expect(decodeURIComponent(link.pathname)).toBe(path);
    expect(link.search + link.hash).toBe('');
  });

  it('is marked up by nothing that a caption says', async () => {
    const text = `"><script>alert('1')</script></noscript>&lt;\n</figure>`;
    const written = await record('plain.jpg', [{ text, logProb: -1 }]);
    expect(tags(written)).toEqual(tags(await record('plain.jpg')));
    const escaped =
      '&#34;&#62;&#60;script&#62;alert(&#39;1&#39;)&#60;/script&#62;&#60;/noscript&#62;&#38;lt;&#10;&#60;/figure&#62;';
    expect(between(written, '<p>', '</p>')).toBe(escaped);
    expect(between(written, 'alt="', '"')).toBe(escaped);
  });

  it('has no picture where the photograph is gone or spoilt', async () => {
    const spoilt = join(folder, 'spoilt.jpg');
    await writeFile(spoilt, 'no longer a photograph');
    for (const lost of [join(folder, 'gone.jpg'), spoilt]) {
      const text = await record('lost.jpg', [dog], lost);
      expect(text).toMatch(/^<figure><a href="lost.jpg">no picture<\/a><figcaption><p>a dog runs/);
      expect(html.keyIn(text)).toBe('lost.jpg');
    }
  });

  it('links to nothing where the photograph came from standard input', async () => {
    const png = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    expect(await record('-', [dog], png)).toMatch(/^<figure><a><noscript><img .*<bdi>-<\/bdi>/);
  });
});

describe('the key of a record', () => {
  it('is found in a whole record, with or without its line end, and in no part of one', async () => {
    for (const name of ['plain.jpg', '</figure>\n.jpg']) {
      const text = await record(name);
      expect(html.keyIn(text)).toBe(name);
      expect(html.keyIn(text.slice(0, -1))).toBe(name);
      for (let end = 0; end < text.length - 1; end++) expect(html.keyIn(text.slice(0, end))).toBeUndefined();
    }
  });

  it('is not found in a torn record with a whole one behind it, nor in the head of the page', async () => {
    const text = await record('a.jpg');
    expect(html.keyIn(text.slice(0, 300) + text)).toBeUndefined();
    expect(html.keyIn(html.head)).toBeUndefined();
    for (const line of html.head.split('\n')) expect(html.keyIn(line)).toBeUndefined();
  });

  it('is the name, whatever the name', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (name) => {
        const text = await record(name, [dog], join(folder, 'gone.jpg'));
        expect(html.keyIn(text)).toBe(name);
      }),
      { numRuns: 100 },
    );
  });

  it('of a name that is no well-formed Unicode is what UTF-8 makes of it', async () => {
    const name = 'half \ud83d pair.jpg';
    expect(html.keyOf(name)).toBe(Buffer.from(name).toString());
    expect(html.keyIn(Buffer.from(await record(name)).toString())).toBe(html.keyOf(name));
  });
});

describe('the page', () => {
  it('loads nothing from elsewhere', async () => {
    const page = html.head + (await record('a.jpg')) + html.tail;
    expect(page).not.toMatch(/https?:|\/\/\w|<link|<iframe|@import|url\(|fetch|XMLHttp|import\(/);
    expect(page.match(/\ssrc=".{11}/g)).toEqual([' src="data:image/']);
  });

  it('lets nothing run but its own scripts, and no style in but its own', () => {
    const policy = between(html.head, 'http-equiv="Content-Security-Policy" content="', '"');
    const hashes = (element: string) =>
      [...html.head.matchAll(new RegExp(`<${element}[^>]*>(.*?)</${element}>`, 'gs'))].map(
        ([, text]) => `'sha256-${createHash('sha256').update(text!).digest('base64')}'`,
      );
    expect(hashes('script')).toHaveLength(2);
    expect(policy.split('; ')).toEqual([
      "default-src 'none'",
      'img-src data:',
      `style-src ${hashes('style').join(' ')}`,
      `script-src ${hashes('script').join(' ')}`,
      "base-uri 'none'",
      "form-action 'none'",
    ]);
  });

  it('is whole after every record: only tags that may be left out are open', async () => {
    const page = html.head + (await record('a.jpg')) + (await record('b.jpg')) + html.tail;
    const markup = page.replace(/<(style|script)[^>]*>.*?<\/\1>/gs, '');
    const open: string[] = [];
    for (const [, slash, tag] of markup.matchAll(/<(\/?)([a-z]\w*)/g)) {
      if (['meta', 'input', 'img'].includes(tag!)) continue;
      if (slash) expect(open.pop()).toBe(tag);
      else open.push(tag!);
    }
    expect(open).toEqual(['html', 'body']);
  });
});
