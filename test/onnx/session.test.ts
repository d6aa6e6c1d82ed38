import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { add, input, mul, parameter, sizes, sum } from '../../src/graph/ops.ts';
import { emitOnnx } from '../../src/onnx/emit.ts';
import { Session } from '../../src/onnx/session.ts';

const x = input('x', ['B', 3]);
const graph = emitOnnx({ double: mul(x, 2), total: sum(x) }, { name: 'test' });
const feeds = { x: { dims: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) } };
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'session-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('load', () => {
  test('from a file and from bytes, with inputs and outputs described', async () => {
    const path = join(folder, 'graph.onnx');
    await writeFile(path, graph);
    for (const source of [path, graph]) {
      const session = await Session.load(source);
      expect(session.inputs).toEqual([{ name: 'x', type: 'float32', dims: ['B', 3] }]);
      expect(session.outputs.map(({ name }) => name)).toEqual(['double', 'total']);
      await session.release();
    }
  });

  test('names the file that is missing or no ONNX', async () => {
    const missing = join(folder, 'missing.onnx');
    const error = await Session.load(missing).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({
      message: expect.stringContaining(`cannot load ${missing} on device cpu: `),
    });

    const text = join(folder, 'text.onnx');
    await writeFile(text, 'not a graph');
    await expect(Session.load(text)).rejects.toThrow(`cannot load ${text} on device cpu: `);
  });

  test('calls bytes by the name it is given', async () => {
    const bytes = new TextEncoder().encode('not a graph');
    await expect(Session.load(bytes, {}, 'encoder.onnx')).rejects.toThrow(
      'cannot load encoder.onnx on device cpu: ',
    );
    await expect(Session.load(bytes)).rejects.toThrow('cannot load the graph on device cpu: ');
  });
});

describe('run', () => {
  test.each([1, 2])('gives the same with %i thread(s)', async (threads) => {
    const session = await Session.load(graph, { threads });
    const { double, total } = await session.run(feeds);
    await session.release();
    expect(double).toEqual({ dims: [2, 3], data: Float32Array.of(2, 4, 6, 8, 10, 12) });
    expect(total).toEqual({ dims: [], data: Float32Array.of(21) });
  });

  test('writes into arrays that the caller has, and allocates where it has none', async () => {
    const session = await Session.load(graph);
    const mine = new Float32Array(6).fill(-1);
    const results = await session.run(feeds, { double: { dims: [2, 3], data: mine }, total: null });
    expect([...mine]).toEqual([2, 4, 6, 8, 10, 12]);
    expect(results.double.data).toBe(mine);
    expect([...results.total.data]).toEqual([21]);

    const again = { x: { dims: [2, 3], data: new Float32Array(6).fill(0.5) } };
    expect(Object.keys(await session.run(again, { double: { dims: [2, 3], data: mine } }))).toEqual([
      'double',
    ]);
    expect([...mine]).toEqual([1, 1, 1, 1, 1, 1]);
    await expect(session.run(feeds, { duoble: null })).rejects.toThrow(
      'internal: the graph has no output duoble',
    );
    await session.release();
  });

  test('writes into the middle of a larger buffer', async () => {
    const session = await Session.load(graph);
    const whole = new Float32Array(10).fill(-1);
    await session.run(feeds, { double: { dims: [2, 3], data: whole.subarray(2, 8) } });
    await session.release();
    expect([...whole]).toEqual([-1, -1, 2, 4, 6, 8, 10, 12, -1, -1]);
  });

  test('reads the feeds when it is called: changed arrays give changed results', async () => {
    const session = await Session.load(graph);
    const data = Float32Array.of(1, 1, 1);
    const first = await session.run({ x: { dims: [1, 3], data } });
    data.fill(10);
    const second = await session.run({ x: { dims: [1, 3], data } });
    await session.release();
    expect([first.total.data[0], second.total.data[0]]).toEqual([3, 30]);
  });

  test('rejects a missing input, and a result that is no float32', async () => {
    const session = await Session.load(graph);
    await expect(session.run({})).rejects.toThrow(/'x' is missing/);
    await session.release();
    const whole = await Session.load(emitOnnx({ rows: sizes([x], 0) }, { name: 'test' }));
    await expect(whole.run(feeds)).rejects.toThrow(
      'internal: expected output rows to be float32 but got int64',
    );
    await whole.release();
  });
});

describe('emitOnnx', () => {
  const W = parameter('W', [3]);
  const graphOf = (weights?: Map<string, Float32Array>) =>
    emitOnnx({ y: add(x, W) }, { name: 'test', weights });

  test('parameters with values are inside the file, the others are inputs', async () => {
    const open = await Session.load(graphOf());
    expect(open.inputs.map(({ name }) => name)).toEqual(['x', 'W']);
    const closed = await Session.load(graphOf(new Map([['W', Float32Array.of(10, 20, 30)]])));
    expect(closed.inputs.map(({ name }) => name)).toEqual(['x']);
    expect([...(await closed.run(feeds)).y.data]).toEqual([11, 22, 33, 14, 25, 36]);
    await Promise.all([open.release(), closed.release()]);
  });
});
