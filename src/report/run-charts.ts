import type { CurvePoint, EpochSummary, RunRecord, Stage } from '../training/run-record.ts';
import { type ChartOptions, lineChart, type Series } from './chart.ts';

/** A run and what the page calls it. */
export interface LabelledRun {
  readonly label: string;
  readonly record: RunRecord;
}

type Values<Item> = (item: Item) => number | null;

const STAGES: Readonly<Record<Stage, string>> = {
  text: 'text only',
  'cross-entropy': 'with photographs',
  'self-critical': 'self-critical',
};

/** The charts of one run, or of several with a colour each. */
export function chartsSection(runs: readonly LabelledRun[]): string {
  const several = runs.length > 1;
  const perEpoch = (values: Values<EpochSummary>, name: string): Series[] =>
    runs.map(({ label, record: { epochs, bestEpoch } }, colour) => ({
      name: several ? label : name,
      points: epochs.map((summary) => [summary.epoch, values(summary) ?? Number.NaN]),
      ring: bestEpoch,
      colour,
    }));
  const alongTheWay = (values: Values<CurvePoint>, name: string): Series[] =>
    runs.map(({ label, record }, colour) => ({
      ...curve(record, values),
      name: several ? label : name,
      colour,
    }));
  const behind = (values: Values<CurvePoint>, name: string): Series[] =>
    runs.map(({ label, record }, colour) => ({
      ...curve(record, values),
      name: several ? `${label}, ${name}` : name,
      style: 'faint',
      // With one run a colour tells the two lines apart, with several it tells the runs apart.
      colour: several ? colour : 1,
      inLegend: !several,
    }));

  const marks = several ? [] : stageStarts(runs[0]!.record);
  const draw = (series: readonly Series[], options: Omit<ChartOptions, 'xLabel' | 'marks'>) =>
    lineChart(series, { ...options, xLabel: 'epoch', marks });
  const thin = (text: string) => (several ? `; thin lines: ${text}` : '');
  const charts = [
    draw(
      [
        ...perEpoch(({ validationLoss }) => validationLoss, 'validation'),
        ...behind(({ loss }) => loss, 'training'),
      ],
      { title: 'Loss', unit: `nats a word${thin('training')}`, clipTop: true },
    ),
    draw(
      perEpoch(({ validationLoss }) => Math.exp(validationLoss), 'validation'),
      { title: 'Perplexity', unit: 'of the validation captions', clipTop: true },
    ),
    draw(
      perEpoch(({ validationCider }) => validationCider, 'validation'),
      { title: 'CIDEr', unit: 'CIDEr-D of the validation photographs, greedy' },
    ),
    draw(
      perEpoch(({ distinct }) => 100 * distinct, 'validation'),
      { title: 'Distinct captions', unit: '% of the validation photographs', fromZero: true },
    ),
  ];
  if (runs.some(({ record }) => record.curve.some(({ reward }) => reward !== null))) {
    const series = [
      ...perEpoch(({ reward }) => reward, 'mean of the epoch'),
      ...behind(({ reward }) => reward, 'along the way'),
    ];
    charts.push(
      draw(series, { title: 'Reward', unit: `CIDEr-D of the captions drawn${thin('along the way')}` }),
    );
  }
  charts.push(
    draw(
      alongTheWay(({ learningRate }) => learningRate, 'learning rate'),
      { title: 'Learning rate', unit: 'of the optimizer', fromZero: true },
    ),
    draw(
      alongTheWay(({ gradientNorm }) => gradientNorm, 'norm'),
      { title: 'Gradient norm', unit: 'before clipping, logarithmic', log: true },
    ),
    draw(
      alongTheWay(({ captionsPerSecond }) => captionsPerSecond, 'captions/s'),
      { title: 'Speed', unit: 'captions a second', fromZero: true },
    ),
  );
  return `<section>
<h2>Curves</h2>
<p class="note">A ring marks the epoch whose weights ${several ? 'a' : 'the'} model has.</p>
<div class="charts">
${charts.join('\n')}
</div>
</section>`;
}

/** What was written down every few dozen steps. */
function curve({ curve }: RunRecord, values: Values<CurvePoint>): Pick<Series, 'points' | 'style'> {
  return {
    points: curve.map((point) => [point.epoch, values(point) ?? Number.NaN]),
    style: 'plain',
  };
}

/** Where a stage begins after another. */
function stageStarts({ epochs }: RunRecord): { x: number; label: string }[] {
  return epochs.flatMap(({ epoch, stage }, index) => {
    const before = epochs[index - 1];
    return before === undefined || before.stage === stage ? [] : [{ x: epoch - 1, label: STAGES[stage] }];
  });
}
