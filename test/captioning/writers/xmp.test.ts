import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { xmp } from '../../../src/captioning/writers/xmp.ts';
import { UserError } from '../../../src/errors.ts';

const NAMESPACES =
  'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dc="http://purl.org/dc/elements/1.1/"';
const sidecar = (name: string) => readFile(new URL(`sidecars/${name}.xmp`, import.meta.url), 'utf8');

/** `<rdf:RDF>` with one block about the photograph. */
const packet = (block: string) => `<rdf:RDF ${NAMESPACES}>${block}</rdf:RDF>`;

/** The lines of a description under a block that is indented as Adobe's library does. */
const DESCRIPTION = `
   <dc:description>
    <rdf:Alt>
     <rdf:li xml:lang="x-default">a dog</rdf:li>
     <rdf:li xml:lang="en">a dog</rdf:li>
    </rdf:Alt>
   </dc:description>`;

/** The text with one part, which has to be there once, replaced. */
function swap(text: string, part: string, other: string): string {
  const pieces = text.split(part);
  expect(pieces).toHaveLength(2);
  return pieces.join(other);
}

test('a new sidecar is a whole packet', () => {
  expect(xmp.write(undefined, 'a dog')).toBe(`<?xpacket begin="\uFEFF" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:dc="http://purl.org/dc/elements/1.1/">${DESCRIPTION}
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>
`);
});

test('a sidecar of Lightroom gets a description and keeps every other byte', async () => {
  const before = await sidecar('lightroom');
  expect(xmp.read(before)).toBeUndefined();
  const after = xmp.write(before, 'a dog');
  expect(after).toBe(swap(before, 'crs:HasSettings="True">', `crs:HasSettings="True">${DESCRIPTION}`));
  expect(xmp.read(after)).toBe('a dog');
});

test('a sidecar of darktable gets a new description and keeps every other byte', async () => {
  const before = await sidecar('darktable');
  expect(xmp.read(before)).toBe('An old title & more');
  const old = '<rdf:li xml:lang="x-default">An old title &amp; more</rdf:li>';
  const items = '<rdf:li xml:lang="x-default">a dog</rdf:li>\n     <rdf:li xml:lang="en">a dog</rdf:li>';
  expect(xmp.write(before, 'a dog')).toBe(swap(before, old, items));
});

test('a sidecar of digiKam keeps the other languages', async () => {
  const before = await sidecar('digikam');
  expect(xmp.read(before)).toBe('Ein Hund am Strand');
  const old = '     <rdf:li xml:lang="x-default">Ein Hund am Strand</rdf:li>\n';
  const items =
    '     <rdf:li xml:lang="x-default">a dog</rdf:li>\n     <rdf:li xml:lang="en">a dog</rdf:li>\n';
  const without = swap(before, '     <rdf:li xml:lang="en">An old dog</rdf:li>\n', '');
  expect(xmp.write(before, 'a dog')).toBe(swap(without, old, items));
});

test('writing twice changes nothing more, a byte order mark and line breaks of Windows stay', async () => {
  for (const name of ['lightroom', 'darktable', 'digikam']) {
    const before = await sidecar(name);
    const once = xmp.write(before, 'a dog');
    expect(xmp.write(once, 'a dog')).toBe(once);
    const windows = (text: string) => `\uFEFF${text.replaceAll('\n', '\r\n')}`;
    expect(xmp.write(windows(before), 'a dog')).toBe(windows(once));
  }
});

test('read takes x-default, else English, else the first that is not empty', () => {
  const read = (items: string) =>
    xmp.read(
      packet(
        `<rdf:Description><dc:description><rdf:Alt>${items}</rdf:Alt></dc:description></rdf:Description>`,
      ),
    );
  const de = '<rdf:li xml:lang="de">Hund</rdf:li>';
  const en = '<rdf:li xml:lang="EN">dog</rdf:li>';
  expect(read(`${de}${en}<rdf:li xml:lang="x-default"> any\n dog </rdf:li>`)).toBe('any\n dog');
  expect(read(`${de}${en}<rdf:li xml:lang="x-default"/>`)).toBe('dog');
  expect(read(`<rdf:li xml:lang="fr"> </rdf:li>${de}`)).toBe('Hund');
  expect(read(`${de}<rdf:li>no language</rdf:li>`)).toBe('no language');
  expect(read('<rdf:li xml:lang="x-default"> </rdf:li>')).toBeUndefined();
  expect(read('')).toBeUndefined();
});

const ITEMS = '<rdf:li xml:lang="x-default">a dog</rdf:li><rdf:li xml:lang="en">a dog</rdf:li>';
const ALT = `<dc:description><rdf:Alt>${ITEMS}</rdf:Alt></dc:description>`;
const R = 'http://www.w3.org/1999/02/22-rdf-syntax-ns#';
const D = 'http://purl.org/dc/elements/1.1/';

/** [what, before, the old text, after] */
const SHAPES: [string, string, string | undefined, string][] = [
  [
    'an attribute',
    packet(`<rdf:Description a=' dc:description="no"' dc:description = "old &amp; good" b="1"/>`),
    'old & good',
    packet(`<rdf:Description a=' dc:description="no"' b="1">${ALT}</rdf:Description>`),
  ],
  [
    'an attribute, and an element in another block',
    packet(`<rdf:Description dc:description='x'/><rdf:Description>${ALT}</rdf:Description>`),
    'x',
    packet(`<rdf:Description/><rdf:Description>${ALT}</rdf:Description>`),
  ],
  [
    'plain text',
    packet('<rdf:Description><dc:title>t</dc:title> <dc:description>old</dc:description></rdf:Description>'),
    'old',
    packet(`<rdf:Description><dc:title>t</dc:title> ${ALT}</rdf:Description>`),
  ],
  [
    'an empty element',
    packet('<rdf:Description><dc:description/></rdf:Description>'),
    undefined,
    packet(`<rdf:Description>${ALT}</rdf:Description>`),
  ],
  [
    'an empty Alt',
    packet('<rdf:Description><dc:description><rdf:Alt/></dc:description></rdf:Description>'),
    undefined,
    packet(`<rdf:Description>${ALT}</rdf:Description>`),
  ],
  [
    'two descriptions',
    packet(
      `<rdf:Description><dc:description>1</dc:description></rdf:Description><rdf:Description>${ALT}</rdf:Description>`,
    ),
    '1',
    packet(`<rdf:Description>${ALT}</rdf:Description><rdf:Description>${ALT}</rdf:Description>`),
  ],
  ['no block', packet(''), undefined, packet(`<rdf:Description rdf:about="">${ALT}</rdf:Description>`)],
  [
    'other prefixes',
    `<r:RDF xmlns:r="${R}"><r:Description xmlns:d="${D}"><d:description><r:Alt><r:li>old</r:li></r:Alt></d:description></r:Description></r:RDF>`,
    'old',
    `<r:RDF xmlns:r="${R}"><r:Description xmlns:d="${D}"><d:description><r:Alt>${ITEMS.replaceAll('rdf:', 'r:')}</r:Alt></d:description></r:Description></r:RDF>`,
  ],
  [
    'RDF as the default namespace',
    `<RDF xmlns="${R}"><Description><dc:description xmlns:dc="${D}"><Alt><li>old</li></Alt></dc:description></Description></RDF>`,
    'old',
    `<RDF xmlns="${R}"><Description><dc:description xmlns:dc="${D}"><Alt>${ITEMS.replaceAll('rdf:', '')}</Alt></dc:description></Description></RDF>`,
  ],
  [
    'a prefix that was declared on what is replaced',
    `<RDF xmlns="${R}"><Description><dc:description xmlns:dc="${D}">old</dc:description></Description></RDF>`,
    'old',
    `<RDF xmlns="${R}"><Description><dc:description xmlns:dc="${D}" xmlns:rdf="${R}"><rdf:Alt>${ITEMS}</rdf:Alt></dc:description></Description></RDF>`,
  ],
  [
    'dc standing for something else',
    `<rdf:RDF xmlns:rdf="${R}" xmlns:dc="urn:other"><rdf:Description dc:description="not this"/></rdf:RDF>`,
    undefined,
    `<rdf:RDF xmlns:rdf="${R}" xmlns:dc="urn:other"><rdf:Description dc:description="not this"><dc:description xmlns:dc="${D}"><rdf:Alt>${ITEMS}</rdf:Alt></dc:description></rdf:Description></rdf:RDF>`,
  ],
];

test.each(SHAPES)('%s', (_what, before, old, after) => {
  expect(xmp.read(before)).toBe(old);
  expect(xmp.write(before, 'a dog')).toBe(after);
  expect(xmp.read(after)).toBe('a dog');
});

test('any caption comes back as it was written', () => {
  for (const caption of ['<b> & "c" \'d\' ]]> &amp; <!-- --> <?x?>', '犬 🐕 é', '$& $1 $$']) {
    expect(xmp.read(xmp.write(undefined, caption))).toBe(caption);
  }
  expect(xmp.write(undefined, 'x ]]> y')).not.toContain(']]>');
  expect(xmp.read(xmp.write(undefined, 'a\u0000 bell\u0007!'))).toBe('a  bell !');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (caption) => {
      const text = caption.replace(/[\p{Cc}\u2028\u2029\ufffe\uffff]/gu, '').trim() || 'x';
      expect(xmp.read(xmp.write(undefined, text))).toBe(text);
    }),
  );
});

test.each([
  ['no XML at all', 'a dog', /^expected XML but got a mistake near line 1: missing root element$/],
  [
    'tags that do not match',
    '<a>\n <b>\n</a>',
    /^expected XML but got a mistake near line \d: Opening and ending tag/,
  ],
  [
    'cut short',
    packet('<rdf:Description>').slice(0, -10),
    /^expected XML but got a mistake near line 1: unclosed/,
  ],
  ['attributes without quotes', '<a b=c/>', /^expected XML but got a mistake near line 1: attribute "c"/],
  ['a prefix without meaning', '<q:a/>', /^expected XML but got a mistake near line 1: .*Namespace/],
  ['a document type', '<!DOCTYPE a><a/>', /^expected XML without a document type but got <!DOCTYPE$/],
  ['other XML', '<svg/>', /^expected XMP but got XML without an element rdf:RDF$/],
])('refused: %s', (_what, contents, message) => {
  expect(() => xmp.read(contents)).toThrow(UserError);
  expect(() => xmp.read(contents)).toThrow(message);
  expect(() => xmp.write(contents, 'a dog')).toThrow(message);
});

test('a sidecar cut short anywhere is refused', async () => {
  const whole = (await sidecar('digikam')).trimEnd();
  const end = whole.indexOf('</x:xmpmeta>') + '</x:xmpmeta>'.length;
  for (let length = 1; length < end; length += 37) {
    expect(() => xmp.write(whole.slice(0, length), 'a dog')).toThrow(UserError);
  }
});

test('a letter that another program could not decode is no reason to refuse the file', () => {
  const before = packet('<rdf:Description a="Stra\uFFFDe"/>');
  expect(xmp.write(before, 'a dog')).toBe(
    packet(`<rdf:Description a="Stra\uFFFDe">${ALT}</rdf:Description>`),
  );
});
