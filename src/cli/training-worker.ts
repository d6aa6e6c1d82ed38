import { parentPort, workerData } from 'node:worker_threads';
import { InternalError } from '../errors.ts';
import { packed } from '../threads.ts';
import type { LiveProgress } from '../training/loop.ts';
import { trainModel } from '../training/run.ts';
import { openViews } from './feature-views.ts';
import type { TrainingJob, TrainingNews } from './train-beside.ts';

/** What runs in the worker thread of `trainBeside`: one training, until it ends or is told to stop. */
const port = parentPort;
if (!port) throw new InternalError('training-worker.ts is for worker threads');
const { out, run, features, session, resume }: TrainingJob = workerData;

/** Small models make hundreds of steps a second: nobody needs to hear of each. */
const NEWS_MS = 50;

function tell(news: TrainingNews): void {
  port?.postMessage(news);
}

const controller = new AbortController();
// The only message there is.
port.on('message', () => controller.abort());

let told = 0;
function tellNowAndThen(progress: LiveProgress): void {
  const now = performance.now();
  if (now - told < NEWS_MS && progress.batch < progress.batches) return;
  told = now;
  tell({ kind: 'progress', progress });
}

try {
  const views = await openViews(features);
  try {
    const result = await trainModel(out, run, views, session, {
      resume,
      signal: controller.signal,
      onProgress: tellNowAndThen,
      onEpoch: (history) => tell({ kind: 'epoch', history }),
    });
    tell({ kind: 'end', result });
  } finally {
    await views.close();
  }
} catch (error) {
  tell({ kind: 'failure', failure: packed(error) });
}
port.close();
