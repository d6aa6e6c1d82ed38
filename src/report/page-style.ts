/** Colours of lines, c0 to c7: apart from each other in both modes, and for most colour-blind eyes. */
const LIGHT = ['#1d64d8', '#d4570a', '#0b8457', '#8b3fd1', '#a87c00', '#0a87a8', '#c2256f', '#5f5a55'];
const DARK = ['#7fb0ff', '#ff9c61', '#4fd09c', '#c79bff', '#efc24a', '#5bd2ef', '#ff8fbe', '#bdb6b0'];

const palette = (colours: readonly string[]) => colours.map((colour, i) => `--c${i}: ${colour}`).join('; ');

/** Style of a report of trainings. The page needs neither fonts nor scripts. */
export const STYLE = `
:root { color-scheme: light dark; --paper: #f5f5f4; --card: #fff; --ink: #1c1917; --faint: #67625d; --line: #e2e0dd;
  --shade: #ebe9e7; --tint: #eaf1fd; ${palette(LIGHT)} }
@media (prefers-color-scheme: dark) {
  :root { --paper: #141312; --card: #1f1d1c; --ink: #eeecea; --faint: #a39d97; --line: #35322f; --shade: #292624;
    --tint: #1d2a41; ${palette(DARK)} }
}
${LIGHT.map((_, i) => `.c${i} { color: var(--c${i}) }`).join('\n')}
* { box-sizing: border-box; margin: 0 }
body { max-width: 90rem; margin: auto; padding: 1.75rem clamp(.75rem, 3vw, 2.5rem) 4rem; background: var(--paper);
  color: var(--ink); font: .875rem/1.45 system-ui, sans-serif; font-variant-numeric: tabular-nums;
  overflow-wrap: anywhere }
h1 { font-size: 1.75rem; font-weight: 650; line-height: 1.2; letter-spacing: -.02em }
h2 { margin-top: 2.5rem; font-size: 1.25rem; font-weight: 650; letter-spacing: -.01em }
h3 { margin-top: 1rem; font-size: .875rem; font-weight: 600 }
ul { list-style: none; padding: 0 }
small { font-size: .75rem; font-weight: 400; color: var(--faint) }
.note, header p { max-width: 52rem; color: var(--faint) }
.note { margin-top: .125rem }
.none { color: var(--faint); font-style: italic }
header h1 { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem .75rem }
header p { margin-top: .375rem }
.state { padding: .1875rem .625rem; border-radius: 1rem; background: var(--shade); color: var(--faint);
  font-size: .75rem; font-weight: 600; letter-spacing: 0 }
.finished { color: var(--c2) }
.training { color: var(--c0) }
.interrupted { color: var(--c1) }
.diverged { color: var(--c6) }
i { display: inline-block; flex: none; width: 1.125rem; margin-right: .4375rem; border-top: 3px solid; border-radius: 2px;
  vertical-align: .25em }
i.plain { border-top-width: 2px }
i.faint { border-top-width: 1.5px; opacity: .65 }
i.again { border-top-style: dashed }

.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); gap: .625rem; margin-top: 1.25rem }
.tiles div, .chart, article, .settings { border: 1px solid var(--line); border-radius: .625rem; background: var(--card) }
.tiles div { display: flex; flex-direction: column-reverse; justify-content: flex-end; padding: .75rem .875rem }
.tiles dt { color: var(--faint); font-size: .8125rem }
.tiles dd { white-space: nowrap; font-size: 1.25rem; font-weight: 650; line-height: 1.25; letter-spacing: -.02em }
.tiles small { letter-spacing: 0 }

.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 24rem), 1fr)); gap: .75rem; margin-top: .75rem }
.chart { display: flex; flex-direction: column; justify-content: space-between; gap: .5rem; padding: .75rem .75rem .5rem }
figcaption { padding: 0 .25rem }
figcaption b { font-weight: 650 }
figcaption span { color: var(--faint); font-size: .8125rem }
figcaption ul { display: flex; flex-wrap: wrap; gap: 0 1rem; margin-top: .1875rem; font-size: .8125rem }
figcaption li { display: flex; align-items: center; min-width: 0 }
svg { display: block; width: 100%; height: auto; font-size: 12px }
svg text { fill: var(--faint) }
.axis line { stroke: var(--line) }
.axis .floor { stroke: var(--faint); stroke-opacity: .6 }
.mark line { stroke: var(--faint); stroke-dasharray: 2 3 }
.series { fill: none; stroke: currentColor; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round }
.series.plain { stroke-width: 1.5 }
.series.faint { stroke-width: 1.25; opacity: .6 }
.series.again path { stroke-dasharray: 5 4 }
.series circle { fill: currentColor; stroke: var(--card); stroke-width: 1 }
.series .ring { fill: none; stroke: currentColor; stroke-width: 1.75 }
.hover rect { fill: transparent }
.hover line { stroke: var(--ink); opacity: 0; pointer-events: none }
.hover g:hover line { opacity: .35 }

.scroll { margin-top: .75rem; overflow-x: auto; border: 1px solid var(--line); border-radius: .625rem; background: var(--card) }
table { width: 100%; border-collapse: collapse; overflow-wrap: normal }
th, td { padding: .375rem .875rem; text-align: right; white-space: nowrap; font-weight: 400 }
td { min-width: 6rem }
thead th { padding-block: .625rem; color: var(--faint); font-size: .8125rem; vertical-align: bottom }
.runs thead th { color: var(--ink); font-weight: 600 }
tbody tr { border-top: 1px solid var(--line) }
th:first-child, td:first-child { position: sticky; left: 0; background: var(--card); text-align: left }
.runs tbody th { color: var(--faint) }
.best, .best th:first-child { background: var(--tint) }
.best th, .best td, .better { font-weight: 650 }
.rule th:first-child { padding-top: 1.25rem; color: var(--ink); font-weight: 600 }

.photos { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 30rem), 1fr)); gap: .75rem; margin-top: .75rem }
article { display: grid; grid-template-columns: 12rem 1fr; overflow: hidden }
article img { width: 100%; height: auto }
.gone { align-self: start; display: flex; aspect-ratio: 4 / 3; background: var(--shade); align-items: center; justify-content: center; padding: .75rem; color: var(--faint); text-align: center }
article > div:last-child { padding: .75rem .875rem; min-width: 0 }
article dl div { display: grid; grid-template-columns: 6.75rem 1fr; gap: .5rem; margin-inline: -.375rem;
  padding: .125rem .375rem; border-radius: .375rem }
article .runs div { grid-template-columns: minmax(0, 9rem) 1fr }
article dt { color: var(--faint) }
article h3 { margin-top: .625rem; color: var(--faint); font-size: .75rem; font-weight: 600 }
article li { margin-top: .1875rem; color: var(--faint); font-size: .8125rem; line-height: 1.35 }
.name { margin-top: .5rem; color: var(--faint); font-size: .75rem; opacity: .8 }
@media (width < 34rem) {
  article { grid-template-columns: 1fr }
}

.settings { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 19rem), 1fr)); gap: 0 2rem; margin-top: .375rem;
  padding: .5rem .875rem }
.settings div { display: flex; justify-content: space-between; gap: 1rem; padding: .1875rem 0 }
.settings dt { color: var(--faint) }
.settings dd { text-align: right }
.changed dt { color: var(--ink) }
.changed dd { font-weight: 650; color: var(--c0) }
@media print {
  .chart, article, .tiles { break-inside: avoid }
}
`;
