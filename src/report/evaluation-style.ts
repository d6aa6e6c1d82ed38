/** Looks of the page of an evaluation: those of the page of captions, with room for several sentences. */
export const EVALUATION_STYLE = `
:root { color-scheme: light dark; --paper: #f5f5f4; --card: #fff; --ink: #1c1917; --faint: #67625d; --line: #e2e0dd;
  --shade: #ebe9e7; --accent: #1d64d8; --bar: #8fb4ec; scroll-padding-top: 1rem }
@media (prefers-color-scheme: dark) {
  :root { --paper: #141312; --card: #1f1d1c; --ink: #eeecea; --faint: #a39d97; --line: #35322f; --shade: #292624;
    --accent: #83b0ff; --bar: #41618f }
}
* { box-sizing: border-box; margin: 0 }
body { max-width: 100rem; margin: auto; padding: 1.75rem clamp(.75rem, 2.5vw, 2rem) 3rem; background: var(--paper);
  color: var(--ink); font: .875rem/1.45 system-ui, sans-serif; overflow-wrap: anywhere }
h1 { font-size: 1.625rem; font-weight: 650; line-height: 1.2; letter-spacing: -.02em }
h2 { font-size: 1.125rem; font-weight: 650; letter-spacing: -.01em }
header p, h2 + p, .note { max-width: 48rem; margin-top: .25rem; color: var(--faint) }
a { color: var(--accent) }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin-top: .5rem }
section { margin-top: 2.25rem }
dl, .panel, figure { border: 1px solid var(--line); border-radius: .625rem; background: var(--card) }
dl { display: grid; grid-template-columns: repeat(2, 1fr); gap: 1px; margin-top: 1.25rem;
  overflow: hidden }
dl div { padding: .625rem .875rem; outline: 1px solid var(--line) }
dt { color: var(--faint); font-size: .75rem }
dd { font-size: 1.125rem; font-weight: 600; font-variant-numeric: tabular-nums }
dd small { color: var(--faint); font-size: .75rem; font-weight: 400; white-space: nowrap }
dl div:first-child dd { color: var(--accent) }
.panel { margin-top: .75rem; padding: .875rem 1rem }
svg { display: block; overflow: visible; font-size: .75rem; font-variant-numeric: tabular-nums }
svg rect { fill: var(--bar); stroke: var(--card); stroke-width: 2px }
svg line { stroke: var(--line) }
svg text { fill: var(--faint); text-anchor: middle }
svg text.count { stroke: var(--card); stroke-width: 4px; paint-order: stroke }
svg text.first { text-anchor: start }
svg line.mean { stroke: var(--accent); stroke-dasharray: 3 3 }
svg text.mean { fill: var(--accent) }
svg text.mean.right { text-anchor: start }
svg text.mean.left { text-anchor: end }
table { border-collapse: collapse }
th, td { padding: .1875rem .875rem .1875rem 0; text-align: left; vertical-align: baseline }
th { color: var(--faint); font-size: .75rem; font-weight: 400 }
td:last-child { width: 100%; padding-right: 0 }
td:not(:last-child), th:not(:last-child) { text-align: right; white-space: nowrap;
  font-variant-numeric: tabular-nums }
.photographs { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 16.5rem), 1fr)); gap: .75rem;
  margin-top: .75rem }
figure { position: relative; display: flex; flex-direction: column; overflow: hidden; content-visibility: auto;
  contain-intrinsic-size: auto 26rem }
.picture { position: relative; display: grid; place-items: center; flex: none; aspect-ratio: 4 / 3;
  background: var(--shade); color: var(--faint); text-align: center }
.picture p { padding: 2.5rem 1rem 1rem }
img { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: contain }
figure data { position: absolute; top: .5rem; left: .5rem; padding: .0625rem .5rem; border-radius: 1rem;
  background: rgb(0 0 0 / .72); color: #fff; font-size: .8125rem; font-weight: 600;
  font-variant-numeric: tabular-nums }
figcaption { display: flex; flex: 1; flex-direction: column; padding: .75rem .875rem }
.caption { font-size: 1rem; font-weight: 600; line-height: 1.35 }
ul { margin: .5rem 0 .625rem; padding: .5rem 0 0; border-top: 1px solid var(--line); list-style: none;
  color: var(--faint) }
li + li { margin-top: .25rem }
mark { background: none; color: inherit; text-decoration: underline 2px var(--accent);
  text-underline-offset: .2em; text-decoration-skip-ink: none }
li mark { color: var(--ink); text-decoration-thickness: 1px }
figcaption bdi { margin-top: auto; color: var(--faint); font-size: .75rem }
bdi { white-space: pre-wrap }
@media (width >= 44rem) { dl { grid-template-columns: repeat(5, 1fr) } }
@media (width < 64rem) { svg .count { display: none } }
@media (width < 44rem) { svg .odd { display: none } }
@media print { figure { break-inside: avoid; content-visibility: visible } }
`;
