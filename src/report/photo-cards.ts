import { escapeHtml } from '../html-text.ts';
import { thumbnailUri } from '../vision/thumbnail-uri.ts';
import type { SharedWords } from './shared-words.ts';

/** A photograph of the split, what the model says of it and what people wrote. */
export interface EvaluatedPhoto {
  /** Path of the file, which need not exist: features may have come from a file. */
  readonly image: string;
  /** Name of the photograph in the data set. */
  readonly key: string;
  readonly caption: string;
  readonly references: readonly string[];
}

/** Longest side of a thumbnail in pixels: about 10 KB each. */
const THUMBNAIL_SIDE = 320;

/** Photographs read at a time, as some may be large. */
const AT_ONCE = 8;

/** A grid of photographs with their CIDEr-D, captions and references, as HTML. */
export async function photoCards(
  photos: readonly EvaluatedPhoto[],
  ciderOf: ReadonlyMap<string, number>,
  words: SharedWords,
): Promise<string> {
  const cards: string[] = [];
  for (let start = 0; start < photos.length; start += AT_ONCE) {
    const next = photos.slice(start, start + AT_ONCE);
    cards.push(...(await Promise.all(next.map((photo) => card(photo, ciderOf.get(photo.key)!, words)))));
  }
  return `<div class="photographs">\n${cards.join('\n')}\n</div>`;
}

async function card(photo: EvaluatedPhoto, cider: number, words: SharedWords): Promise<string> {
  const { caption, references } = words.mark(photo);
  const name = `<bdi>${escapeHtml(photo.key)}</bdi>`;
  const picture = await pictureOf(photo);
  const written = references.map((reference) => `<li dir="auto">${reference}</li>`);
  return `<figure><div class="picture">${picture ?? `<p>${name}<br>could not be read</p>`}<data value="${cider.toFixed(4)}" title="CIDEr-D">${cider.toFixed(2)}</data></div>
<figcaption><p class="caption" dir="auto">${caption}</p>
<ul>${written.join('\n')}</ul>
${picture ? name : ''}</figcaption></figure>`;
}

/** The thumbnail, inside the page; undefined for a photograph that is missing or spoilt. */
async function pictureOf({ image, caption }: EvaluatedPhoto): Promise<string | undefined> {
  const uri = await thumbnailUri(image, THUMBNAIL_SIDE);
  return uri && `<img alt="${escapeHtml(caption)}" decoding="async" src="${uri}">`;
}
