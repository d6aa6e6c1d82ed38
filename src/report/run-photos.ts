import { basename } from 'node:path';
import { escapeHtml } from '../html-text.ts';
import type { RunRecord, WatchedPhoto } from '../training/run-record.ts';
import { colourClass } from './chart.ts';
import type { LabelledRun } from './run-charts.ts';

/** Path of a photograph -> data: URI of a small picture of it. */
export type Thumbnails = ReadonlyMap<string, string>;

/** A caption that was the same from one epoch to another. */
interface Spell {
  readonly from: number;
  readonly to: number;
  readonly caption: string;
}

/** Captions epoch by epoch, with those that stayed the same as one. */
function spells(captions: WatchedPhoto['captions']): Spell[] {
  const folded: Spell[] = [];
  for (const { epoch, caption } of captions) {
    const last = folded.at(-1);
    if (last?.caption === caption) folded[folded.length - 1] = { ...last, to: epoch };
    else folded.push({ from: epoch, to: epoch, caption });
  }
  return folded;
}

/** The watched photographs of a run, and how the caption of each changed. */
export function watchedPhotos({ photos, bestEpoch }: RunRecord, thumbnails: Thumbnails): string {
  const cards = photos.map((photo) => {
    const rows = spells(photo.captions).map(({ from, to, caption }) => {
      const isBest = bestEpoch !== null && from <= bestEpoch && bestEpoch <= to;
      const when = from === to ? `epoch ${from}` : `epochs ${from}–${to}`;
      return `<div${isBest ? ' class="best"' : ''}><dt>${when}${isBest ? ' <small>best</small>' : ''}</dt><dd>${captionOf(caption)}</dd></div>`;
    });
    const captions = rows.length === 0 ? '<p class="note">No caption yet.</p>' : `<dl>${rows.join('')}</dl>`;
    return card(photo, thumbnails.get(photo.image), captions);
  });
  return section(
    'How captions changed',
    'After each epoch the network captioned the same photographs.',
    cards,
  );
}

/** The photographs that any of the runs watched, with the last caption of each run. */
export function photosSideBySide(runs: readonly LabelledRun[], thumbnails: Thumbnails): string {
  const watched = new Map<string, { readonly photo: WatchedPhoto; readonly rows: string[] }>();
  for (const [i, { label, record }] of runs.entries()) {
    for (const photo of record.photos) {
      // Another data set may have another photograph of the same name.
      const id = JSON.stringify([photo.key, photo.references]);
      const entry = watched.get(id) ?? { photo, rows: [] };
      watched.set(id, entry);
      const last = photo.captions.at(-1);
      const row = last ? captionOf(last.caption) : '<span class="none">no caption yet</span>';
      entry.rows.push(
        `<div><dt><i class="marked ${colourClass(i)}"></i>${escapeHtml(label)}</dt><dd>${row}</dd></div>`,
      );
    }
  }
  const cards = [...watched.values()].map(({ photo, rows }) =>
    card(photo, thumbnails.get(photo.image), `<dl class="runs">${rows.join('')}</dl>`),
  );
  return section('What each run says', "The caption of each run's last epoch.", cards);
}

function captionOf(caption: string): string {
  return caption === '' ? '<span class="none">no words</span>' : escapeHtml(caption);
}

function section(title: string, note: string, cards: readonly string[]): string {
  if (cards.length === 0) return '';
  return `<section>
<h2>${title}</h2>
<p class="note">${note}</p>
<div class="photos">
${cards.join('\n')}
</div>
</section>`;
}

function card(
  { key, image, references }: WatchedPhoto,
  thumbnail: string | undefined,
  captions: string,
): string {
  const picture =
    thumbnail === undefined
      ? `<div class="gone">${escapeHtml(basename(image))}</div>`
      : `<img alt="" src="${escapeHtml(thumbnail)}">`;
  const people = references.map((text) => `<li>${escapeHtml(text)}</li>`).join('');
  return `<article>
${picture}
<div>
${captions}
<h3>People wrote</h3>
<ul>${people}</ul>
<p class="name">${escapeHtml(key)}</p>
</div>
</article>`;
}
