import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { describe, expect, test } from 'vitest';
import { gradients } from '../../src/graph/backward.ts';
import { type Expr, type OpName, topologicalOrder } from '../../src/graph/expr.ts';
import { add, crossEntropy, input, mul, scatterAdd, sum } from '../../src/graph/ops.ts';
import { emitOnnx } from '../../src/onnx/emit.ts';
import { EMITTERS } from '../../src/onnx/emitters.ts';
import { Session } from '../../src/onnx/session.ts';
import { evaluate } from '../helpers/interpreter.ts';
import { ids, numbers, OP_CASES, type OpCase, opCase } from '../helpers/op-cases.ts';
import { expectClose, runOnnx } from '../helpers/run-onnx.ts';

/** The graph of a case: its result, and the gradients of a weighted sum of it by all float inputs. */
function withGradients({ y, inputs }: OpCase): { outputs: Record<string, Expr>; inputs: OpCase['inputs'] } {
  const seed = numbers(evaluate({ y }, inputs).y.dims, y.shape);
  const leaves = topologicalOrder([y]).filter((x) => x.op === 'input' && x.dtype === 'float32');
  const grads = gradients(sum(mul(y, input('seed', y.shape))), leaves);
  const outputs = { result: y, ...Object.fromEntries(grads.map((g, i) => [`gradient${i}`, g])) };
  return { outputs, inputs: { ...inputs, seed } };
}

describe('onnxruntime computes what the interpreter computes, and the gradients', () => {
  for (const op of Object.keys(EMITTERS) as OpName[]) {
    test(op, async () => {
      expect(OP_CASES[op].length).toBeGreaterThan(0);
      for (const one of OP_CASES[op]) {
        const { outputs, inputs } = withGradients(one);
        const used = topologicalOrder(Object.values(outputs)).flatMap((x) =>
          x.op === 'input' ? [x.attributes.name] : [],
        );
        const feeds = Object.fromEntries(used.map((name) => [name, inputs[name]]));
        expectClose(await runOnnx(outputs, feeds), evaluate(outputs, inputs));
      }
    });
  }
});

describe('numerically hard values', () => {
  test('cross-entropy of large logits stays finite, and its gradient right', async () => {
    const logits = { ...numbers([3, 2]), data: Float32Array.of(1000, 0, 0, 20, -500, -500) };
    const one = opCase('large', { logits, targets: ids([0, 0, 1]) }, crossEntropy);
    const { outputs, inputs } = withGradients(one);
    expectClose(await runOnnx(outputs, inputs), evaluate(outputs, inputs));
  });

  test('a probability below the smallest float32 costs 87 nats, not infinity', async () => {
    const logits = { ...numbers([1, 2]), data: Float32Array.of(1000, 0) };
    const { y, inputs } = opCase('impossible', { logits, targets: ids([1]) }, crossEntropy);
    const { loss } = await runOnnx({ loss: y }, inputs);
    expect(loss.data[0]).toBeCloseTo(126 * Math.LN2, 4);
  });
});

describe('rows added up at few ids', () => {
  const [N, E, V] = [8192, 256, 2];
  const total = scatterAdd(input('rows', [N, E]), input('at', [N], 'int32'), input('table', [V, E]));
  const bytes = emitOnnx({ total }, { name: 'test' });

  test('are all counted by several threads', async () => {
    const session = await Session.load(bytes, { threads: 4 });
    const feeds = {
      rows: { dims: [N, E], data: new Float32Array(N * E).fill(1) },
      at: { dims: [N], data: Int32Array.from({ length: N }, (_, n) => n % V) },
      table: { dims: [V, E], data: new Float32Array(V * E) },
    };
    for (let run = 0; run < 4; run++) {
      const { data } = (await session.run(feeds)).total;
      expect(data.every((count) => count === N / V)).toBe(true);
    }
    await session.release();
  });

  test('are not left to ScatterND, whose threads now and then lose some', () => {
    const { graph } = fromBinary(ModelProtoSchema, bytes);
    expect(graph!.node.map(({ opType }) => opType)).not.toContain('ScatterND');
  });
});

describe('names', () => {
  const x = input('x', [2]);
  const shared = add(x, 1);

  test('an input, a constant and one expression twice may all be outputs', async () => {
    const outputs = { same: x, once: shared, twice: shared, again: add(x, 1), number: add(0, 3) };
    const values = { x: numbers([2]) };
    expectClose(await runOnnx(outputs, values), evaluate(outputs, values));
  });

  test('an output that others read keeps its readers', async () => {
    const outputs = { product: mul(shared, shared), shared };
    const values = { x: numbers([2]) };
    expectClose(await runOnnx(outputs, values), evaluate(outputs, values));
  });
});
