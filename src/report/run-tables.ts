import { escapeHtml } from '../html-text.ts';
import type { EpochSummary, RunRecord } from '../training/run-record.ts';
import { colourClass } from './chart.ts';
import { bestOf, fixed, meanSpeed, percent, significant, span, trainingTime, whole } from './figures.ts';
import type { LabelledRun } from './run-charts.ts';
import { differingSettings } from './run-settings.ts';

/** A column of the table of epochs. */
interface Column {
  readonly head: string;
  readonly of: (epoch: EpochSummary) => string;
  /** Left out where no epoch has a value of its own. */
  readonly where?: (epochs: readonly EpochSummary[]) => boolean;
}

const COLUMNS: readonly Column[] = [
  { head: 'epoch', of: ({ epoch }) => String(epoch) },
  {
    head: 'stage',
    of: ({ stage }) => stage,
    where: (epochs) => new Set(epochs.map(({ stage }) => stage)).size > 1,
  },
  { head: 'training loss', of: ({ trainLoss }) => fixed(trainLoss, 4) },
  {
    head: 'reward',
    of: ({ reward }) => fixed(reward, 3),
    where: (epochs) => epochs.some(({ reward }) => reward !== null),
  },
  { head: 'validation loss', of: ({ validationLoss }) => fixed(validationLoss, 4) },
  { head: 'perplexity', of: ({ validationLoss }) => fixed(Math.exp(validationLoss), 2) },
  { head: 'CIDEr', of: ({ validationCider }) => fixed(validationCider, 3) },
  { head: 'distinct', of: ({ distinct }) => percent(distinct) },
  { head: 'learning rate', of: ({ learningRate }) => significant(learningRate) },
  { head: 'gradient norm', of: ({ gradientNorm }) => fixed(gradientNorm, 3) },
  { head: 'captions/s', of: ({ captionsPerSecond }) => whole(captionsPerSecond) },
  { head: 'time', of: ({ seconds }) => span(seconds) },
];

/** Every epoch of a run, the best one marked. */
export function epochTable({ epochs, bestEpoch }: RunRecord): string {
  const columns = COLUMNS.filter(({ where }) => where?.(epochs) ?? true);
  const head = columns.map(({ head }) => `<th scope="col">${head}</th>`).join('');
  const rows = epochs.map((summary) => {
    const isBest = summary.epoch === bestEpoch;
    const [epoch, ...others] = columns.map(({ of }) => of(summary));
    const cells = others.map((text) => `<td>${text}</td>`).join('');
    return `<tr${isBest ? ' class="best"' : ''}><th scope="row">${epoch}${isBest ? ' <small>best</small>' : ''}</th>${cells}</tr>`;
  });
  const body = epochs.length === 0 ? '<p class="note">No epoch is done yet.</p>' : scrolling(head, rows);
  return `<section>\n<h2>Epochs</h2>\n${body}\n</section>`;
}

/** A figure of each run's best epoch, or of the whole run. */
interface Figure {
  readonly name: string;
  readonly of: (run: RunRecord) => string;
  /** What makes one run's figure better than another's: the greater the better. */
  readonly merit?: (run: RunRecord) => number | undefined;
}

const FIGURES: readonly Figure[] = [
  { name: 'state', of: ({ state }) => state },
  {
    name: 'best epoch',
    of: ({ bestEpoch, epochs }) => `${bestEpoch ?? '–'} of ${epochs.at(-1)?.epoch ?? 0}`,
  },
  {
    name: 'CIDEr',
    of: (run) => fixed(bestOf(run)?.validationCider, 3),
    merit: (run) => bestOf(run)?.validationCider,
  },
  {
    name: 'validation loss',
    of: (run) => fixed(bestOf(run)?.validationLoss, 4),
    merit: (run) => -(bestOf(run)?.validationLoss ?? Number.NaN),
  },
  {
    name: 'perplexity',
    of: (run) => fixed(perplexityOf(run), 2),
    merit: (run) => -(perplexityOf(run) ?? Number.NaN),
  },
  {
    name: 'distinct captions',
    of: (run) => percent(bestOf(run)?.distinct),
    merit: (run) => bestOf(run)?.distinct,
  },
  {
    name: 'training time',
    of: (run) => span(trainingTime(run)),
  },
  { name: 'captions/s', of: (run) => whole(meanSpeed(run)), merit: meanSpeed },
];

function perplexityOf(run: RunRecord): number | undefined {
  const best = bestOf(run);
  return best && Math.exp(best.validationLoss);
}

/** The runs side by side: their figures, then the settings in which they differ. */
export function comparisonTable(runs: readonly LabelledRun[]): string {
  const records = runs.map(({ record }) => record);
  const head = `<td></td>${runs.map(({ label }, i) => `<th scope="col"><i class="marked ${colourClass(i)}"></i>${escapeHtml(label)}</th>`).join('')}`;
  const figures = FIGURES.map(({ name, of, merit }) => {
    const merits = records
      .map((run) => merit?.(run) ?? Number.NaN)
      .map((x) => (Number.isNaN(x) ? -Infinity : x));
    const most = Math.max(...merits);
    // Where all are the same none is better.
    const isBest = (i: number) => merits[i] === most && merits.some((other) => other < most);
    const cells = records.map((run, i) => `<td${isBest(i) ? ' class="better"' : ''}>${of(run)}</td>`);
    return `<tr><th scope="row">${name}</th>${cells.join('')}</tr>`;
  });
  const settings = differingSettings(records).map(({ name, values }) => {
    const cells = values.map((value) => `<td>${escapeHtml(value)}</td>`);
    return `<tr><th scope="row">${escapeHtml(name)}</th>${cells.join('')}</tr>`;
  });
  const rule = `<tr class="rule"><th scope="rowgroup" colspan="${runs.length + 1}">${
    settings.length === 0 ? 'All settings are the same' : 'Settings that differ'
  }</th></tr>`;
  return `<section>
<h2>Side by side</h2>
<p class="note">Figures are those of each run's best epoch; the best of a row is bold.</p>
${scrolling(head, [...figures, rule, ...settings], ' class="runs"')}
</section>`;
}

function scrolling(head: string, rows: readonly string[], kind = ''): string {
  return `<div class="scroll" tabindex="0"><table${kind}>
<thead><tr>${head}</tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table></div>`;
}
