import * as ort from 'onnxruntime-node';
import { InternalError, messageOf, UserError } from '../errors.ts';

// What fails is thrown, and told in a sentence of ours: onnxruntime need not log it as well. (Dawn, which
// is its webgpu, warns of missing drivers all the same: nothing reaches that.)
ort.env.logLevel = 'fatal';
const FATAL = 4;

/** Where and how a session runs. */
export interface SessionOptions {
  /** CPU threads of one session; by default as many as onnxruntime finds cores. */
  readonly threads?: number;
  /** Execution provider: `cpu` (default), `webgpu`, or `cuda` where its libraries are installed. */
  readonly device?: Device;
}

export type Device = 'cpu' | 'webgpu' | 'cuda';

/** Row-major values with their shape; int64 values are BigInt64Array as onnxruntime has them. */
export interface Tensor {
  readonly dims: readonly number[];
  readonly data: Float32Array | BigInt64Array | Int32Array | Uint8Array;
}

/** A float32 tensor, which is what networks and decoders return. */
export interface FloatTensor extends Tensor {
  readonly data: Float32Array;
}

/** Name, element type and shape of a session's input or output; symbolic dimensions are strings. */
export interface TensorInfo {
  readonly name: string;
  readonly type: string;
  readonly dims: readonly (number | string)[];
}

/**
 * A loaded ONNX graph, ready to run. `run` blocks the calling thread while it computes.
 * Release it when it is no longer needed: its weights and buffers live outside the JavaScript heap.
 */
export class Session {
  private constructor(private readonly inner: ort.InferenceSession) {}

  /** Loads a graph from a file or from its bytes; `name` is what messages call it. */
  static async load(
    source: string | Uint8Array,
    options: SessionOptions = {},
    name?: string,
  ): Promise<Session> {
    const device = options.device ?? 'cpu';
    const settings: ort.InferenceSession.SessionOptions = {
      executionProviders: device === 'cpu' ? ['cpu'] : [device, 'cpu'],
      logSeverityLevel: FATAL,
      // Buffers are planned once per set of shapes; ours change with every batch, so the plan only costs memory.
      enableMemPattern: false,
      ...(options.threads === undefined ? {} : { intraOpNumThreads: options.threads }),
    };
    try {
      const inner =
        typeof source === 'string'
          ? await ort.InferenceSession.create(source, settings)
          : await ort.InferenceSession.create(source, settings);
      return new Session(inner);
    } catch (error) {
      const what = name ?? (typeof source === 'string' ? source : 'the graph');
      const reason = messageOf(error).replace(SOURCE_LINE, '').trim();
      const hint = device === 'cpu' ? undefined : 'leave --device out to compute on the processor';
      throw new UserError(`cannot load ${what} on device ${device}: ${reason}`, { hint, cause: error });
    }
  }

  get inputs(): TensorInfo[] {
    return this.inner.inputMetadata.map(info);
  }

  get outputs(): TensorInfo[] {
    return this.inner.outputMetadata.map(info);
  }

  /**
   * Runs the graph. `feeds` holds every input by name; `into` names outputs whose values are written
   * into arrays the caller already has (their dims must be exact), which are then the ones returned.
   * Without `into` all outputs are returned; with it only the ones it names (null: allocate).
   */
  async run(
    feeds: Record<string, Tensor>,
    into?: Record<string, FloatTensor | null>,
  ): Promise<Record<string, FloatTensor>> {
    const inputs = mapValues(feeds, toOrt);
    if (into === undefined) return mapValues(await this.inner.run(inputs), fromOrt);
    for (const name of Object.keys(into)) {
      // onnxruntime would take a record without a known name for options, and return every output.
      if (!this.inner.outputNames.includes(name)) throw new InternalError(`the graph has no output ${name}`);
    }
    const results = await this.inner.run(
      inputs,
      mapValues(into, (tensor) => tensor && toOrt(tensor)),
    );
    // onnxruntime-node fills the caller's array and returns a copy besides; the copy is dropped.
    return mapValues(results, (tensor, name) => into[name] ?? fromOrt(tensor, name));
  }

  async release(): Promise<void> {
    await this.inner.release();
  }
}

/** Where in onnxruntime's own sources a check failed, ahead of the reason. */
const SOURCE_LINE = /^\/\S+:\d+ .* was false\. /s;

function info(meta: ort.InferenceSession.ValueMetadata): TensorInfo {
  if (!meta.isTensor) throw new InternalError(`${meta.name} is not a tensor`);
  return { name: meta.name, type: meta.type, dims: meta.shape };
}

function toOrt(tensor: Tensor): ort.Tensor {
  const { data, dims } = tensor;
  if (data instanceof Float32Array) return new ort.Tensor('float32', data, dims);
  if (data instanceof BigInt64Array) return new ort.Tensor('int64', data, dims);
  if (data instanceof Int32Array) return new ort.Tensor('int32', data, dims);
  return new ort.Tensor('uint8', data, dims);
}

function fromOrt(tensor: ort.Tensor, name: string): FloatTensor {
  if (!(tensor.data instanceof Float32Array)) {
    throw new InternalError(`expected output ${name} to be float32 but got ${tensor.type}`);
  }
  return { data: tensor.data, dims: tensor.dims };
}

function mapValues<From, To>(
  record: Readonly<Record<string, From>>,
  f: (value: From, name: string) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value, name)]));
}
