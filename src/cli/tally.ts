import { count, duration, progress, say } from './terminal.ts';

/** Counts what became of the photographs of a run, for its progress and its summary. */
export class Tally {
  private readonly startedAt = performance.now();
  private readonly total: number;
  private captioned = 0;
  private failures = 0;

  /**
   * @param toDo photographs to caption
   * @param skipped those that had a caption
   * @param failedBefore inputs and photographs that came to nothing already
   */
  constructor(
    toDo: number,
    private readonly skipped: number,
    private readonly failedBefore: number,
  ) {
    this.total = toDo;
  }

  done(): void {
    this.captioned++;
    this.show();
  }

  failed(): void {
    this.failures++;
    this.show();
  }

  private get seconds(): number {
    return (performance.now() - this.startedAt) / 1000;
  }

  private get failedInAll(): number {
    return this.failedBefore + this.failures;
  }

  private show(): void {
    const finished = this.captioned + this.failures;
    const rate = finished / this.seconds;
    const failed = this.failedInAll > 0 ? `, ${this.failedInAll.toLocaleString('en')} failed` : '';
    const left = duration((this.total - finished) / rate);
    progress(
      `${finished.toLocaleString('en')} of ${count(this.total, 'photo')}, ${rate.toFixed(1)} photos/s, ${left} left${failed}`,
    );
  }

  /** `captioned 12 photos in 3 s (4.1 photos/s), skipped 3 that have a caption, 1 failed` */
  summarise(): void {
    const { captioned, skipped, failedInAll, seconds } = this;
    const rate =
      captioned > 0 ? ` in ${duration(seconds)} (${(captioned / seconds).toFixed(1)} photos/s)` : '';
    const parts = [
      `captioned ${count(captioned, 'photo')}${rate}`,
      skipped > 0
        ? `skipped ${skipped.toLocaleString('en')} that ${skipped === 1 ? 'has' : 'have'} a caption`
        : '',
      failedInAll > 0 ? `${failedInAll.toLocaleString('en')} failed` : '',
      captioned + this.failures < this.total
        ? `${(this.total - captioned - this.failures).toLocaleString('en')} not reached`
        : '',
    ];
    say(parts.filter((part) => part !== '').join(', '));
  }
}
