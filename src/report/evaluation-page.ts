import type { CaptionScores } from '../evaluation/score.ts';
import { escapeHtml, hashSource } from '../html-text.ts';
import { EVALUATION_STYLE } from './evaluation-style.ts';
import { extremes } from './extremes.ts';
import { type EvaluatedPhoto, photoCards } from './photo-cards.ts';
import { drawHistogram, histogram } from './score-histogram.ts';
import { SharedWords } from './shared-words.ts';

/** What a page tells of one evaluation. */
export interface Evaluation {
  /** Names of the model, or of those that captioned together. */
  readonly models: readonly string[];
  readonly dataset: string;
  readonly split: string;
  /** All that were scored, in the order of the data set. */
  readonly photos: readonly EvaluatedPhoto[];
  readonly scores: CaptionScores<string>;
  readonly perplexity: number;
}

/** What `<meta name="generator">` says of these pages, which tells them from others. */
export const EVALUATION_GENERATOR = 'caption evaluate';

/** Rows of the captions that were said most often. */
const MOST_SAID = 10;

const LEGEND =
  'Underlined are words that caption and references share, but for those that are written of most photographs anyway.';

const POLICY = `default-src 'none'; img-src data:; style-src ${hashSource(EVALUATION_STYLE)}; base-uri 'none'; form-action 'none'`;

/**
 * One self-contained page for a browser that shows where a model fails: the `count` photographs of the lowest and of
 * the highest CIDEr-D beside their references, how CIDEr-D is spread, and the captions that are said again and again.
 * Only the photographs shown are read; one that can't be is a grey box with its name.
 */
export async function evaluationPage(evaluation: Evaluation, count: number): Promise<string> {
  const { models, dataset, split, photos, scores } = evaluation;
  const { worst, best } = extremes(photos, ({ key }) => scores.ciderOf.get(key)!, count);
  const words = new SharedWords(photos);
  const gallery = async (title: string, shown: readonly EvaluatedPhoto[]) => {
    const cards = await photoCards(shown, scores.ciderOf, words);
    return `<h2>${title}</h2>\n<p>CIDEr-D ${rangeOf(shown, scores)}. ${LEGEND}</p>\n${cards}`;
  };
  const name = escapeHtml(models.join(' + '));
  const data = `${escapeHtml(dataset)}, split ${escapeHtml(split)}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${name} on ${data}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="${EVALUATION_GENERATOR}">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<style>${EVALUATION_STYLE}</style>
</head>
<body>
<header>
<h1>${name}</h1>
<p>What it says about ${photos.length === 1 ? 'one photograph' : `${grouped(photos.length)} photographs`} of data set ${data}, beside what people wrote.</p>
<nav><a href="#worst">Worst captions</a>${best.length > 0 ? '<a href="#best">Best captions</a>' : ''}</nav>
${scoreTiles(evaluation)}
</header>
${spread(scores)}
${mostSaid(evaluation)}
<section id="worst">
${await gallery('Worst captions', worst)}
</section>
${best.length === 0 ? '' : `<section id="best">\n${await gallery('Best captions', best)}\n</section>`}
</body>
</html>
`;
}

function scoreTiles({ scores, perplexity }: Evaluation): string {
  const { images, distinctCaptions, vocabularyUsed, meanLength } = scores;
  const share = ((100 * distinctCaptions) / images).toFixed(1);
  const tiles = {
    CIDEr: scores.CIDEr.toFixed(3),
    'BLEU-1': scores.Bleu_1.toFixed(3),
    'BLEU-2': scores.Bleu_2.toFixed(3),
    'BLEU-3': scores.Bleu_3.toFixed(3),
    'BLEU-4': scores.Bleu_4.toFixed(3),
    'ROUGE-L': scores.ROUGE_L.toFixed(3),
    perplexity: perplexity.toFixed(2),
    'distinct captions': `${grouped(distinctCaptions)} <small>of ${grouped(images)} (${share} %)</small>`,
    'vocabulary used': `${grouped(vocabularyUsed)} <small>words</small>`,
    'mean length': `${meanLength.toFixed(1)} <small>words</small>`,
  };
  const rows = Object.entries(tiles).map(([name, value]) => `<div><dt>${name}</dt><dd>${value}</dd></div>`);
  return `<dl>\n${rows.join('\n')}\n</dl>`;
}

function spread({ CIDEr, ciderOf }: CaptionScores<string>): string {
  const explanation =
    ciderOf.size === 1
      ? 'It weighs words by how few of the photographs they are written about: with a single photograph none has any weight.'
      : 'How many photographs have which score: 0 is a caption with nothing in common with its references, 10 one that equals them all.';
  return `<section>
<h2>CIDEr-D of each photograph</h2>
<p>${explanation}</p>
<div class="panel">${drawHistogram(histogram(ciderOf.values()), CIDEr)}</div>
</section>`;
}

/** The captions that several photographs got, most frequent first, equally frequent ones in the data set's order. */
function mostSaid({ photos, scores }: Evaluation): string {
  const scoresOf = new Map<string, number[]>();
  for (const { caption, key } of photos) {
    const ofCaption = scoresOf.get(caption);
    const score = scores.ciderOf.get(key)!;
    if (ofCaption) ofCaption.push(score);
    else scoresOf.set(caption, [score]);
  }
  const repeated = [...scoresOf]
    .filter(([, ofCaption]) => ofCaption.length > 1)
    .toSorted(([, a], [, b]) => b.length - a.length)
    .slice(0, MOST_SAID);
  const rows = repeated.map(([caption, ofCaption]) => {
    const mean = ofCaption.reduce((sum, score) => sum + score, 0) / ofCaption.length;
    const text = `<td dir="auto">${escapeHtml(caption)}</td>`;
    return `<tr><td>${grouped(ofCaption.length)}</td><td>${mean.toFixed(2)}</td>${text}</tr>`;
  });
  const head = '<tr><th>times</th><th>CIDEr-D</th><th>caption</th></tr>';
  const table = `<div class="panel"><table>\n${head}\n${rows.join('\n')}\n</table></div>`;
  return `<section>
<h2>Captions said most often</h2>
${rows.length === 0 ? '<p>No caption was given to two photographs.</p>' : `<p>A model that collapses says few sentences again and again. CIDEr-D is the mean over those photographs.</p>\n${table}`}
</section>`;
}

/** `0.00 to 0.13` */
function rangeOf(photos: readonly EvaluatedPhoto[], { ciderOf }: CaptionScores<string>): string {
  const of = photos.map(({ key }) => ciderOf.get(key)!);
  return `${Math.min(...of).toFixed(2)} to ${Math.max(...of).toFixed(2)}`;
}

/** `5,000` */
function grouped(count: number): string {
  return count.toLocaleString('en');
}
