import { Worker } from 'node:worker_threads';
import { InternalError } from '../errors.ts';
import type { SessionOptions } from '../onnx/session.ts';
import { type Failure, revived, workerBeside } from '../threads.ts';
import type { History } from '../training/history.ts';
import type { Hooks, LiveProgress } from '../training/loop.ts';
import type { PreparedRun } from '../training/plan.ts';
import type { RunResult } from '../training/run.ts';
import { type RunState, writeStatus } from '../training/status.ts';

/** A training as its worker thread is given it. */
export interface TrainingJob {
  readonly out: string;
  readonly run: PreparedRun;
  /** Feature files: the photographs as they are, then perhaps mirrored. */
  readonly features: readonly string[];
  readonly session: SessionOptions;
  readonly resume: boolean;
}

/** What the worker tells. */
export type TrainingNews =
  | { readonly kind: 'progress'; readonly progress: LiveProgress }
  | { readonly kind: 'epoch'; readonly history: History }
  | { readonly kind: 'end'; readonly result: RunResult }
  | { readonly kind: 'failure'; readonly failure: Failure };

const STATUS_MS = 2000;

/**
 * Trains in a worker thread, so that this one goes on answering: progress, Ctrl-C, and `status.json` of the
 * folder, which is written every two seconds.
 */
export async function trainBeside(
  job: TrainingJob,
  { onProgress, onEpoch, signal }: Hooks,
): Promise<RunResult> {
  let latest: LiveProgress | undefined;
  // One after the other, as all have the same temporary name; a status that can't be written stops nothing.
  let writing = Promise.resolve();
  const status = (state: RunState) => {
    writing = writing.then(() => writeStatus(job.out, state, latest)).catch(() => undefined);
    return writing;
  };
  const timer = setInterval(() => void status('training'), STATUS_MS);
  await status('training');
  const worker = new Worker(workerBeside(import.meta.url, 'training-worker'), { workerData: job });
  const stop = () => worker.postMessage('stop');
  if (signal?.aborted) stop();
  signal?.addEventListener('abort', stop);
  try {
    const result = await new Promise<RunResult>((resolve, reject) => {
      worker.on('error', reject);
      worker.on('exit', () => reject(new InternalError('the training worker ended by itself')));
      worker.on('message', (news: TrainingNews) => {
        if (news.kind === 'progress') {
          latest = news.progress;
          onProgress?.(news.progress);
        } else if (news.kind === 'epoch') {
          onEpoch?.(news.history);
        } else if (news.kind === 'end') {
          resolve(news.result);
        } else {
          reject(revived(news.failure));
        }
      });
    });
    clearInterval(timer);
    await status(result.outcome.kind);
    return result;
  } catch (error) {
    clearInterval(timer);
    await status('failed');
    throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
    await worker.terminate();
  }
}
