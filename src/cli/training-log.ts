import type { History } from '../training/history.ts';
import type { LiveProgress } from '../training/loop.ts';
import type { EpochSummary } from '../training/run-record.ts';
import { sparkline } from './sparkline.ts';
import { duration, progress, say } from './terminal.ts';

/** Bars of the sparklines. */
const WIDTH = 20;

/** Above this every second one is dropped. */
const MOST_FIGURES = 2000;

/** Tells a training on standard error: a line that rewrites itself, and a line for every epoch. */
export class TrainingLog {
  /** Losses or rewards so far, at equal distances. */
  private figures: number[] = [];

  readonly onProgress = (at: LiveProgress): void => {
    this.figures.push(at.figure);
    if (this.figures.length > MOST_FIGURES) this.figures = this.figures.filter((_, i) => i % 2 === 0);
    const figure =
      at.stage === 'self-critical'
        ? `reward ${at.figure.toFixed(3)}`
        : `loss ${at.figure.toFixed(3)}  perplexity ${Math.exp(at.figure).toFixed(1)}`;
    progress(
      `epoch ${at.epoch}/${at.epochs}  batch ${at.batch}/${at.batches}  ${figure} ` +
        `${sparkline(this.figures, WIDTH)}  ${at.captionsPerSecond.toFixed(0)} captions/s  ` +
        `${duration(at.secondsLeft)} left`,
    );
  };

  readonly onEpoch = ({ epochs, best }: History): void => {
    const last = epochs.at(-1)!;
    const learnt =
      last.reward !== null
        ? `reward ${last.reward.toFixed(3)}, `
        : last.trainLoss !== null
          ? `train ${lossAndPerplexity(last.trainLoss)}, `
          : '';
    const ciders = sparkline(
      epochs.map(({ validationCider }) => validationCider),
      WIDTH,
    );
    say(
      `epoch ${last.epoch}: ${learnt}validation ${lossAndPerplexity(last.validationLoss)}, ` +
        `CIDEr ${last.validationCider.toFixed(3)} ${ciders}, ${Math.round(100 * last.distinct)} % distinct, ` +
        `${duration(last.seconds)}${best === last ? ', best so far' : ''}`,
    );
  };

  /** An epoch in a few words. */
  static summaryOf({ epoch, validationLoss, validationCider }: EpochSummary): string {
    return `epoch ${epoch}, validation ${lossAndPerplexity(validationLoss)}, CIDEr ${validationCider.toFixed(3)} (greedy)`;
  }
}

function lossAndPerplexity(loss: number): string {
  return `loss ${loss.toFixed(3)} (perplexity ${Math.exp(loss).toFixed(2)})`;
}
