import type { ImageSource } from '../../vision/image-bytes.ts';
import { thumbnailUri } from '../../vision/thumbnail-uri.ts';
import type { Caption } from '../caption.ts';
import { type DocumentFormat, type FileName, scoreOf } from './document-format.ts';
import { HEAD } from './html-page.ts';

/** Longest side of a thumbnail in pixels: 3 to 6 KB each, so that 5,000 make a page of about 30 MB. */
const THUMBNAIL_SIDE = 176;

/** One self-contained page for a browser: a record is a `<figure>` on a line, last in it the file name. */
export const html: DocumentFormat = {
  name: 'html',
  head: HEAD,
  separator: '',
  tail: '',

  keyOf: wellFormed,

  async record(name, { source, captions }) {
    const picture = await pictureOf(source, captions[0]!.text);
    const link = typeof source === 'string' ? ` href="${hrefOf(name)}"` : '';
    const sentences = captions.map(sentence).join('');
    const file = `<bdi>${escapeText(name)}</bdi>`;
    return `<figure><a${link}>${picture}</a><figcaption>${sentences}${file}</figcaption></figure>\n`;
  },

  keyIn(record) {
    const name = /^<figure>.*<bdi>([^<]*)<\/bdi><\/figcaption><\/figure>\n?$/.exec(record)?.[1];
    // Two starts: what a torn record left, and a record after it.
    if (name === undefined || record.lastIndexOf('<figure>') > 0) return undefined;
    return unescapeText(name);
  },
};

/** The thumbnail, inside the page. A photograph that has been deleted or spoilt since is shown without. */
async function pictureOf(source: ImageSource, alt: string): Promise<string> {
  const uri = await thumbnailUri(source, THUMBNAIL_SIDE);
  if (uri === undefined) return 'no picture';
  // The page's script takes it out of <noscript> when it comes into view: 5,000 at once would take a second.
  return `<noscript><img alt="${escapeText(alt)}" decoding="async" src="${uri}"></noscript>`;
}

function sentence(caption: Caption): string {
  const score = `<data value="${scoreOf(caption)}" title="log-probability of the caption">`;
  return `<p>${escapeText(caption.text)}</p>${score}${caption.logProb.toFixed(2)}</data>`;
}

/** A relative URL in which only the slashes between folders mean something: nothing is left to escape. */
function hrefOf(name: FileName): string {
  return wellFormed(name).split('/').map(encodeURIComponent).join('/');
}

/** Half a surrogate pair (Windows allows it in names) can't be written as UTF-8. */
function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\u{fffd}');
}

/** Text for an element or a quoted attribute, without line ends (Unicode's own included): it stays on one line. */
function escapeText(text: string): string {
  return wellFormed(text).replace(
    /[&<>"'\n\r\u2028\u2029]/g,
    (character) => `&#${character.codePointAt(0)};`,
  );
}

function unescapeText(text: string): string {
  return text.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)));
}
