import { parentPort, workerData } from 'node:worker_threads';
import { InternalError } from '../errors.ts';
import { Encoder } from './encoder.ts';
import { packed, type WorkerReply, type WorkerRequest, type WorkerSetup } from './encoder-lane.ts';

/** What runs in a worker thread of `EncoderWorkers`: one encoder, and the requests one after the other. */
const port = parentPort;
if (!port) throw new InternalError('encoder-worker.ts is for worker threads');
const { definition, files, options }: WorkerSetup = workerData;

function reply(message: WorkerReply, moved: ArrayBuffer[] = []): void {
  port?.postMessage(message, moved);
}

try {
  const encoder = await Encoder.load(definition, files, options);
  reply({ loaded: encoder.definition });
  port.on('message', async (request: WorkerRequest) => {
    if (request === null) {
      await encoder.release();
      port.close();
      return;
    }
    const { id, images } = request;
    try {
      const features = await encoder.encodePrepared(images);
      reply({ id, features }, [features.buffer as ArrayBuffer]);
    } catch (error) {
      reply({ id, failure: packed(error) });
    }
  });
} catch (error) {
  reply({ id: null, failure: packed(error) });
}
