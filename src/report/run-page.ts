import { escapeHtml, hashSource } from '../html-text.ts';
import { TOKENIZER_TABLE } from '../text/tokenizer.ts';
import type { RunRecord } from '../training/run-record.ts';
import { bestOf, fixed, meanSpeed, percent, span, trainingTime, whole } from './figures.ts';
import { STYLE } from './page-style.ts';
import { chartsSection, type LabelledRun } from './run-charts.ts';
import { photosSideBySide, type Thumbnails, watchedPhotos } from './run-photos.ts';
import { settingsSection } from './run-settings.ts';
import { comparisonTable, epochTable } from './run-tables.ts';

/** What tells our pages from others, as their `<meta name="generator">`. */
export const GENERATOR = 'caption report';

const POLICY = `default-src 'none'; img-src data:; style-src ${hashSource(STYLE)}; base-uri 'none'; form-action 'none'`;

/**
 * A self-contained page about a training, or about several side by side: curves, figures, settings and how the
 * captions of the watched photographs changed. Without scripts, and nothing is loaded from anywhere.
 * @param runs at least one; labels are distinct
 * @param thumbnails data: URIs by the path of the photograph; those without one are shown by name
 */
export function runPage(runs: readonly LabelledRun[], thumbnails: Thumbnails): string {
  const [first, ...others] = runs;
  return first !== undefined && others.length === 0
    ? page(first.record.name, [
        header(first.record),
        chartsSection(runs),
        watchedPhotos(first.record, thumbnails),
        epochTable(first.record),
        settingsSection(first.record),
      ])
    : page(`${runs.length} trainings`, [
        `<header>\n<h1>${runs.length} trainings</h1>\n</header>`,
        comparisonTable(runs),
        chartsSection(runs),
        photosSideBySide(runs, thumbnails),
      ]);
}

function page(title: string, sections: readonly string[]): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="${GENERATOR}">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
${sections.filter((section) => section !== '').join('\n')}
</body>
</html>
`;
}

function header(run: RunRecord): string {
  const { name, state, data, encoder, decoder } = run;
  const { unit } = TOKENIZER_TABLE[data.tokenizer];
  const photographs = `${whole(data.trainImages)} photographs with ${whole(data.trainCaptions)} captions`;
  const equations = Object.entries(decoder).map(([field, value]) => `${field} ${value}`);
  return `<header>
<h1>${escapeHtml(name)} <span class="state ${state}">${state}</span></h1>
<p>Learnt ${escapeHtml(data.dataset)}: ${photographs}, ${whole(data.vocabularySize)} ${unit}s; ${whole(data.validationImages)} photographs to validate.</p>
<p>Encoder ${escapeHtml(encoder)}; decoder ${escapeHtml(equations.join(', '))}.</p>
<dl class="tiles">
${tiles(run)
  .map(([what, figure]) => `<div><dt>${what}</dt><dd>${figure}</dd></div>`)
  .join('\n')}
</dl>
</header>`;
}

/** The figures that one looks for first. */
function tiles(run: RunRecord): [what: string, figure: string][] {
  const best = bestOf(run);
  return [
    ['best epoch', `${best?.epoch ?? '–'} <small>of ${run.epochs.at(-1)?.epoch ?? 0}</small>`],
    ['CIDEr', fixed(best?.validationCider, 3)],
    ['validation loss', fixed(best?.validationLoss, 3)],
    ['perplexity', fixed(best && Math.exp(best.validationLoss), 2)],
    ['distinct captions', percent(best?.distinct)],
    ['training time', span(trainingTime(run))],
    ['captions/s', whole(meanSpeed(run))],
  ];
}
