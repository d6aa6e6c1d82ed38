import { parentPort, workerData } from 'node:worker_threads';
import { InternalError } from '../errors.ts';
import { packed } from '../threads.ts';
import { Encoder } from './encoder.ts';
import type { WorkerReply, WorkerRequest, WorkerSetup } from './encoder-lane.ts';

/** What runs in a worker thread of `EncoderWorkers`: one encoder, and the requests one after the other. */
const port = parentPort;
if (!port) throw new InternalError('encoder-worker.ts is for worker threads');
const { definition, files, options }: WorkerSetup = workerData;

function reply(message: WorkerReply, moved: ArrayBuffer[] = []): void {
  port?.postMessage(message, moved);
}

async function answer(encoder: Encoder, request: WorkerRequest): Promise<void> {
  if (request === null) {
    await encoder.release();
    // Ends this thread, not the process, whatever a library may have left open in it.
    process.exit();
  }
  const { id, images } = request;
  try {
    const features = await encoder.encodePrepared(images);
    reply({ id, features }, [features.buffer as ArrayBuffer]);
  } catch (error) {
    reply({ id, failure: packed(error) });
  }
}

try {
  const encoder = await Encoder.load(definition, files, options);
  // A network must not be released while an image is between it and the next.
  let last = Promise.resolve();
  port.on('message', (request: WorkerRequest) => {
    last = last.then(() => answer(encoder, request));
  });
  reply({ loaded: encoder.definition });
} catch (error) {
  reply({ id: null, failure: packed(error) });
}
