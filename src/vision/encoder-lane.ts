import { Worker } from 'node:worker_threads';
import { InternalError } from '../errors.ts';
import type { SessionOptions } from '../onnx/session.ts';
import { type Failure, revived, workerBeside } from '../threads.ts';
import type { EncoderDefinition } from './definition.ts';
import type { PreparedImage } from './prepare.ts';

/** What a worker is started with. */
export interface WorkerSetup {
  readonly definition: EncoderDefinition;
  readonly files: readonly string[];
  readonly options: SessionOptions;
}

/** What a worker is asked: to encode images, or (null) to release its networks and end. */
export type WorkerRequest = { readonly id: number; readonly images: readonly PreparedImage[] } | null;

/** What a worker answers: what it has loaded, then the features of each request, [B,F]. */
export type WorkerReply =
  | { readonly loaded: EncoderDefinition }
  | { readonly id: number; readonly features: Float32Array }
  | { readonly id: number | null; readonly failure: Failure };

/** One worker thread and the requests that it has not answered yet. */
export class Lane {
  private readonly pending = new Map<number, Pending>();
  private readonly exited: Promise<void>;
  private requests = 0;

  private constructor(
    private readonly thread: Worker,
    readonly definition: EncoderDefinition,
  ) {
    thread.on('message', (reply: WorkerReply) => this.settle(reply));
    thread.on('error', (error) => this.fail(error));
    this.exited = new Promise((resolve) => {
      thread.on('exit', () => {
        this.fail(new InternalError('an encoder worker ended by itself'));
        resolve();
      });
    });
  }

  /** Resolves when the networks are loaded. */
  static start(setup: WorkerSetup): Promise<Lane> {
    const thread = new Worker(workerBeside(import.meta.url, 'encoder-worker'), { workerData: setup });
    return new Promise((resolve, reject) => {
      thread.once('error', reject);
      thread.once('message', (reply: WorkerReply) => {
        thread.off('error', reject);
        if ('loaded' in reply) resolve(new Lane(thread, reply.loaded));
        else
          reject(
            'failure' in reply ? revived(reply.failure) : new InternalError('an answer before a request'),
          );
      });
    });
  }

  get waiting(): number {
    return this.pending.size;
  }

  encode(images: readonly PreparedImage[]): Promise<Float32Array> {
    const id = this.requests++;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject });
      this.post(
        { id, images },
        images.flat().map(({ buffer }) => buffer as ArrayBuffer),
      );
    });
  }

  /** Ends the thread behind the images that it has. Nobody may wait for one any more. */
  async end(): Promise<void> {
    this.pending.clear();
    this.post(null);
    await this.exited;
  }

  private post(request: WorkerRequest, moved: ArrayBuffer[] = []): void {
    this.thread.postMessage(request, moved);
  }

  private settle(reply: WorkerReply): void {
    if ('loaded' in reply || reply.id === null) return;
    const request = this.pending.get(reply.id);
    this.pending.delete(reply.id);
    if ('failure' in reply) request?.reject(revived(reply.failure));
    else request?.resolve(reply.features);
  }

  private fail(error: unknown): void {
    for (const { reject } of this.pending.values()) reject(error);
    this.pending.clear();
  }
}

/** Who waits for an answer. */
interface Pending {
  resolve(features: Float32Array): void;
  reject(error: unknown): void;
}
