import { join } from 'node:path';
import type { DecoderConfig } from '../decoder/config.ts';
import { startGraph, stepGraph } from '../decoder/graphs.ts';
import { type ModelFolder, START_FILE, STEP_FILE } from '../library/model-folder.ts';
import { emitOnnx } from '../onnx/emit.ts';
import { type FloatTensor, Session, type SessionOptions, type Tensor } from '../onnx/session.ts';
import { expectInterface } from './interface.ts';
import type { StepDecoder } from './step-decoder.ts';

/** A state's tensors [R, width] by name. */
export type DecoderTensors = Readonly<Record<string, FloatTensor>>;

type Feeds = Readonly<Record<string, Tensor>>;

/** Prefix of the step graph's outputs that hold the next state. */
const NEXT = 'next.';

/** Runs the start and step graphs of a decoder with onnxruntime. */
export class OnnxDecoder implements StepDecoder<DecoderTensors> {
  private constructor(
    private readonly startSession: Session,
    private readonly stepSession: Session,
    readonly vocabularySize: number,
    /** Weights that are not in the graphs but given at every run, by input name. */
    private readonly weights: { readonly start: Feeds; readonly step: Feeds } = { start: {}, step: {} },
  ) {}

  /** The decoder of a model folder, whose graphs hold their weights; a UserError where they are not those of `model.json`. */
  static async load(
    model: Pick<ModelFolder, 'path' | 'manifest' | 'start' | 'step'>,
    options: SessionOptions = {},
  ): Promise<OnnxDecoder> {
    const config = model.manifest.decoder;
    const start = { graph: model.start, name: join(model.path, START_FILE) };
    const step = { graph: model.step, name: join(model.path, STEP_FILE) };
    const sessions = await loadBoth(start, step, options);
    try {
      expectInterface(sessions.start, startGraph(config), start.name);
      expectInterface(sessions.step, stepGraph(config), step.name);
    } catch (error) {
      await Promise.all([sessions.start.release(), sessions.step.release()]);
      throw error;
    }
    return new OnnxDecoder(sessions.start, sessions.step, config.vocabularySize);
  }

  /** A decoder in training: the weights are read anew at every run, so an optimizer may change them. */
  static async ofWeights(
    config: DecoderConfig,
    weights: ReadonlyMap<string, Float32Array>,
    options: SessionOptions = {},
  ): Promise<OnnxDecoder> {
    const { start, step } = await loadBoth(
      { graph: emitOnnx(startGraph(config), { name: 'start' }), name: 'start' },
      { graph: emitOnnx(stepGraph(config), { name: 'step' }), name: 'step' },
      options,
    );
    const feeds = (session: Session): Feeds =>
      Object.fromEntries(
        session.inputs.flatMap(({ name, dims }) => {
          const data = weights.get(name);
          return data ? [[name, { dims: dims.map(Number), data }]] : [];
        }),
      );
    const given = { start: feeds(start), step: feeds(step) };
    return new OnnxDecoder(start, step, config.vocabularySize, given);
  }

  async start(features: Float32Array, rows: number): Promise<DecoderTensors> {
    const image: Tensor = { dims: [rows, features.length / rows], data: features };
    return this.startSession.run({ image, ...this.weights.start });
  }

  async step(
    tokens: Int32Array,
    state: DecoderTensors,
  ): Promise<{ logProbs: Float32Array; state: DecoderTensors }> {
    const token: Tensor = { dims: [tokens.length], data: tokens };
    const { logProbs, ...next } = await this.stepSession.run({
      token,
      ...state,
      ...this.weights.step,
    });
    const changed = Object.entries(next).map(([name, tensor]) => [name.slice(NEXT.length), tensor]);
    // What the step does not change (the projected image) stays in the state.
    return { logProbs: logProbs.data, state: { ...state, ...Object.fromEntries(changed) } };
  }

  select(state: DecoderTensors, rows: Int32Array): DecoderTensors {
    const pick = ({ dims, data }: FloatTensor): FloatTensor => {
      const width = dims[1];
      const picked = new Float32Array(rows.length * width);
      rows.forEach((row, i) => {
        picked.set(data.subarray(row * width, (row + 1) * width), i * width);
      });
      return { dims: [rows.length, width], data: picked };
    };
    return Object.fromEntries(Object.entries(state).map(([name, tensor]) => [name, pick(tensor)]));
  }

  async release(): Promise<void> {
    await Promise.all([this.startSession.release(), this.stepSession.release()]);
  }
}

/** A graph to load, and what messages call it. */
interface NamedGraph {
  readonly graph: Uint8Array;
  readonly name: string;
}

/** Loads both graphs or neither. */
async function loadBoth(
  start: NamedGraph,
  step: NamedGraph,
  options: SessionOptions,
): Promise<{ start: Session; step: Session }> {
  const first = await Session.load(start.graph, options, start.name);
  try {
    return { start: first, step: await Session.load(step.graph, options, step.name) };
  } catch (error) {
    await first.release();
    throw error;
  }
}
