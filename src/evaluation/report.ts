import type { CaptionScores } from './score.ts';

const METRICS = ['Bleu_1', 'Bleu_2', 'Bleu_3', 'Bleu_4', 'ROUGE_L', 'CIDEr'] as const;

/** The scores as a plain object for JSON: coco-caption's metrics first, then diversity, no per-image scores. */
export function scoresAsJson(scores: CaptionScores): Record<string, number> {
  const { distinctCaptions, vocabularyUsed, meanLength, images } = scores;
  const metrics = METRICS.map((name) => [name, scores[name]] as const);
  return { ...Object.fromEntries(metrics), distinctCaptions, vocabularyUsed, meanLength, images };
}

/** The scores as an aligned table for a terminal, without colours, one metric a line. */
export function scoresAsTable(scores: CaptionScores): string {
  const { distinctCaptions, vocabularyUsed, meanLength, images } = scores;
  const share = ((100 * distinctCaptions) / images).toFixed(1);
  const rows: (readonly [label: string, value: string])[] = [
    ...METRICS.map((name) => [name, scores[name].toFixed(3)] as const),
    ['distinct captions', `${distinctCaptions} of ${images} (${share} %)`],
    ['vocabulary used', `${vocabularyUsed} words`],
    ['mean length', `${meanLength.toFixed(1)} words`],
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows.map(([label, value]) => `${label.padEnd(width)}  ${value}`).join('\n');
}
