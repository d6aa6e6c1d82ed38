import { hashSource } from '../../html-text.ts';

/*
 * The records are children of <body>, whose end tag HTML lets us leave out: so the page is valid after every one.
 * `flex` rather than `grid`, as a sticky grid item can't leave its row. The browser lays out and paints only the
 * photographs near the window (`content-visibility`), which is what makes thousands of them open and filter fast.
 */
const STYLE = `
:root { color-scheme: light dark; --paper: #f5f5f4; --card: #fff; --ink: #1c1917; --faint: #67625d; --line: #e2e0dd;
  --shade: #ebe9e7; --accent: #1d64d8; --columns: 2; scroll-padding-top: 7rem }
@media (prefers-color-scheme: dark) {
  :root { --paper: #141312; --card: #1f1d1c; --ink: #eeecea; --faint: #a39d97; --line: #35322f; --shade: #292624;
    --accent: #83b0ff }
}
@media (width >= 36rem) { :root { --columns: 3 } }
@media (width >= 52rem) { :root { --columns: 4 } }
@media (width >= 66rem) { :root { --columns: 5 } }
@media (width >= 80rem) { :root { --columns: 6 } }
@media (width >= 100rem) { :root { --columns: 8 } }
* { box-sizing: border-box; margin: 0 }
body { --gap: .75rem; display: flex; flex-wrap: wrap; gap: var(--gap); max-width: 120rem; margin: auto;
  padding: 0 clamp(.75rem, 2.5vw, 2rem) 3rem; background: var(--paper); color: var(--ink);
  font: .875rem/1.4 system-ui, sans-serif }
header, search { flex: 0 0 100% }
header { padding-top: 1.75rem; color: var(--faint) }
header p { max-width: 44rem; margin-top: .25rem }
h1 { color: var(--ink); font-size: 1.625rem; font-weight: 650; line-height: 1.2; letter-spacing: -.02em }
search { position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; align-items: center; gap: .5rem .75rem;
  padding: .625rem 0; background: var(--paper); border-bottom: 1px solid var(--line) }
input, select { height: 2.375rem; padding: 0 .75rem; border: 1px solid var(--line); border-radius: .5rem;
  background: var(--card); color: inherit; font: inherit; font-size: 1rem }
input { flex: 1 1 12rem; min-width: 0; max-width: 30rem }
output { color: var(--faint); font-variant-numeric: tabular-nums }
input:focus-visible, select:focus-visible, figure:has(:focus-visible) { outline: 2px solid var(--accent);
  outline-offset: 2px }
figure { flex: none; width: calc((100% - (var(--columns) - 1) * var(--gap)) / var(--columns)); overflow: hidden;
  border: 1px solid var(--line); border-radius: .625rem; background: var(--card);
  content-visibility: auto; contain-intrinsic-size: auto 15rem }
figure[hidden] { display: none }
figure a { position: relative; display: flex; align-items: center; justify-content: center; aspect-ratio: 4 / 3;
  background: var(--shade); color: var(--faint); outline: 0 }
img { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: contain }
figcaption { display: grid; gap: .125rem; padding: .625rem .75rem .75rem; overflow-wrap: anywhere }
figcaption p ~ p { margin-top: .25rem }
data, bdi { color: var(--faint); font-size: .75rem }
data { font-variant-numeric: tabular-nums }
bdi { white-space: pre-wrap }
@media (scripting: none) { search { display: none } }
`;

/** Runs before the first photograph has been read, so that their pictures appear while the rest is still coming. */
const PICTURES = `
function show(figure) {
  const picture = figure.querySelector('noscript');
  if (picture) picture.outerHTML = picture.textContent;
}
function showAll() {
  document.querySelectorAll('figure:not([hidden])').forEach(show);
}
document.addEventListener('contentvisibilityautostatechange', ({ target, skipped }) => skipped || show(target), true);
addEventListener('beforeprint', showAll);
// Older browsers do not tell what comes into view.
if (!('ContentVisibilityAutoStateChangeEvent' in window)) document.addEventListener('DOMContentLoaded', showAll);
`;

/** A module runs when the whole page has been read, so it finds every photograph. */
const CONTROLS = `
const [words, order, count] = document.querySelectorAll('input, select, output');
const plain = (text) => text.normalize().toLowerCase();
const photos = Array.from(document.querySelectorAll('figure'), (figure, position) => ({
  figure,
  position,
  score: Number(figure.querySelector('data').value),
  text: plain(Array.from(figure.querySelectorAll('p, bdi'), (part) => part.textContent).join('\\n')),
}));
const orders = {
  file: (a, b) => a.position - b.position,
  best: (a, b) => b.score - a.score,
  worst: (a, b) => a.score - b.score,
};

let coming;
function filter() {
  cancelAnimationFrame(coming);
  const wanted = plain(words.value).split(/\\s+/);
  const back = [];
  let matches = 0;
  for (const { figure, text } of photos) {
    const match = wanted.every((word) => text.includes(word));
    if (match) matches++;
    if (match && figure.hidden) back.push(figure);
    if (!match && !figure.hidden) figure.hidden = true;
  }
  unhide(back);
  count.value = matches.toLocaleString('en') + ' of ' + photos.length.toLocaleString('en') + ' shown';
}
// Thousands that come back at once would hold up the next key.
function unhide(figures) {
  for (const figure of figures.splice(0, 500)) figure.hidden = false;
  if (figures.length > 0) coming = requestAnimationFrame(() => unhide(figures));
}
function sort() {
  photos.sort(orders[order.value]);
  document.body.append(...photos.map(({ figure }) => figure));
}

words.addEventListener('input', () => {
  filter();
  scrollTo(0, 0);
});
order.addEventListener('change', () => {
  sort();
  scrollTo(0, 0);
});
document.addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.target === words || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  words.select();
});
// Those that are looked at first don't wait to be told of, which a browser without a screen may never do.
for (const { figure } of photos.slice(0, 60)) show(figure);
// A browser that comes back to the page may have kept what was typed and chosen.
addEventListener('pageshow', () => {
  if (order.value !== 'file') sort();
  filter();
});
`;

const POLICY = [
  "default-src 'none'",
  'img-src data:',
  `style-src ${hashSource(STYLE)}`,
  `script-src ${hashSource(PICTURES)} ${hashSource(CONTROLS)}`,
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** The page up to its first photograph. Nothing in it, nor in the records, is loaded from anywhere else. */
export const HEAD = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Captions</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="caption">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<style>${STYLE}</style>
<script>${PICTURES}</script>
<script type="module">${CONTROLS}</script>
</head>
<body>
<header>
<h1>Captions</h1>
<p>What a neural network says about each photograph. The number is the log-probability of the sentence: the nearer to 0, the surer the network was.</p>
</header>
<search>
<input type="search" aria-label="Filter by captions and file names" placeholder="Filter captions and names" spellcheck="false">
<select aria-label="Order">
<option value="file">File order</option>
<option value="best">Surest first</option>
<option value="worst">Least sure first</option>
</select>
<output></output>
</search>
`;
