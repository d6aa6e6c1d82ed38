import { expect } from 'vitest';
import { encodeNetwork, type Network } from '../../scripts/encoders/network.ts';
import { dequantizeNetwork } from '../../scripts/encoders/quantize.ts';
import { Session } from '../../src/onnx/session.ts';

/** Values [height, width, channels], the order of Keras and TensorFlow Lite. */
export interface Picture {
  readonly dims: readonly [number, number, number];
  readonly at: (y: number, x: number, c: number) => number;
}

export function picture(dims: Picture['dims'], value: Picture['at']): Picture {
  const [height, width, channels] = dims;
  const values = Array.from({ length: height * width * channels }, (_, i) =>
    value(Math.floor(i / (width * channels)), Math.floor(i / channels) % width, i % channels),
  );
  return { dims, at: (y, x, c) => values[(y * width + x) * channels + c]! };
}

/** Any sliding window: out[y, x, c] = reduce(input positions), with `before` outside pixels at the top left. */
export function slide(
  input: Picture,
  side: number,
  channels: number,
  stride: number,
  before: number,
  window: Window,
): Picture {
  return picture([side, side, channels], (y, x, c) =>
    window((dy, dx, i) => {
      const [row, column] = [y * stride + dy - before, x * stride + dx - before];
      const inside = row >= 0 && column >= 0 && row < input.dims[0] && column < input.dims[1];
      return inside ? input.at(row, column, i) : 0;
    }, c),
  );
}
type Window = (input: (dy: number, dx: number, channel: number) => number, out: number) => number;

export function map(input: Picture, change: (value: number, c: number) => number): Picture {
  return picture(input.dims, (y, x, c) => change(input.at(y, x, c), c));
}

export function add(a: Picture, b: Picture): Picture {
  return picture(a.dims, (y, x, c) => a.at(y, x, c) + b.at(y, x, c));
}

export function average({ dims: [height, width, channels], at }: Picture): number[] {
  return Array.from({ length: channels }, (_, c) => {
    let sum = 0;
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) sum += at(y, x, c);
    return sum / (height * width);
  });
}

/** Sum over a kernel's window and input channels. */
export function sum(
  kernel: number,
  inputs: number,
  term: (dy: number, dx: number, i: number) => number,
): number {
  let total = 0;
  for (let dy = 0; dy < kernel; dy++)
    for (let dx = 0; dx < kernel; dx++) for (let i = 0; i < inputs; i++) total += term(dy, dx, i);
  return total;
}

/** Repeatable numbers in -1..1. */
export function noise(seed: number): (length: number) => Float32Array {
  let state = seed;
  return (length) =>
    Float32Array.from({ length }, () => {
      state = (state * 1103515245 + 12345) % 2 ** 31;
      return state / 2 ** 30 - 1;
    });
}

/** Runs a network as stored and in float32, with its top, and compares both outputs. */
export async function expectOutputs(
  network: Network,
  image: Picture,
  pool: number[],
  logits: number[],
): Promise<void> {
  const { size } = network;
  const data = Float32Array.from({ length: 3 * size * size }, (_, i) =>
    image.at(Math.floor(i / size) % size, i % size, Math.floor(i / (size * size))),
  );
  for (const variant of [network, dequantizeNetwork(network)]) {
    const session = await Session.load(encodeNetwork(variant, { top: true }));
    const outputs = await session.run({ image: { dims: [1, 3, size, size], data } });
    await session.release();
    expect([...outputs.pool!.data]).toEqual(pool.map((value) => expect.closeTo(value, 4)));
    expect([...outputs.logits!.data]).toEqual(logits.map((value) => expect.closeTo(value, 4)));
  }
}
