import { create, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProto_DataType,
  TensorProtoSchema,
} from 'onnx-buf';
import { describe, expect, test } from 'vitest';
import { cutTo, type GraphPart, prefixed, readGraphPart } from '../../src/onnx/graph-part.ts';
import { mergedModel } from '../../src/onnx/merge.ts';
import { onnxNode, onnxTensor, onnxValue } from '../../src/onnx/proto.ts';
import { Session } from '../../src/onnx/session.ts';

interface FileOptions {
  readonly nodes: readonly NodeProto[];
  readonly weights?: readonly TensorProto[];
  readonly opsets?: Readonly<Record<string, number>>;
}

/** An ONNX file as old exporters wrote it: from `x` [1,4] to `y`, with its weights among the inputs. */
function file({ nodes, weights = [], opsets = { '': 7 } }: FileOptions): Uint8Array {
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 3n,
      opsetImport: Object.entries(opsets).map(([domain, version]) =>
        create(OperatorSetIdProtoSchema, { domain, version: BigInt(version) }),
      ),
      graph: create(GraphProtoSchema, {
        name: 'file',
        node: [...nodes],
        initializer: [...weights],
        input: [
          onnxValue('x', 'float32', [1, 4]),
          ...weights.map(({ name, dims }) => onnxValue(name, 'float32', dims.map(Number))),
        ],
        output: [onnxValue('y', 'float32', [1, 'n'])],
        // A shape that was true of the file alone.
        valueInfo: [onnxValue('y', 'float32', [1, 'n'])],
      }),
    }),
  );
}

/** Numbers stored one by one, as the ONNX zoo's files have them. */
function listed(name: string, dims: readonly number[], values: readonly number[]): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dims: dims.map(BigInt),
    dataType: TensorProto_DataType.FLOAT,
    floatData: [...values],
  });
}

/** x [1,4] -> feature [1,2] = relu(x w), and from there to the classes of a classifier. */
function classifier(sign: number): Uint8Array {
  return file({
    nodes: [
      onnxNode('Gemm', ['x', 'w', 'b'], ['sum']),
      onnxNode('Relu', ['sum'], ['relu']),
      onnxNode('Dropout', ['relu'], ['feature'], { ratio: { float: 0.5 } }),
      onnxNode('Gemm', ['feature', 'classes', 'b2'], ['logits']),
      onnxNode('Softmax', ['logits'], ['y']),
    ],
    weights: [
      listed('w', [4, 2], [1, 0, 0, sign, 0, 0, 0, 0]),
      onnxTensor('b', [2], Float32Array.of(0.5, 0)),
      onnxTensor('classes', [2, 1000], new Float32Array(2000)),
      onnxTensor('b2', [1000], new Float32Array(1000)),
    ],
  });
}

const X = onnxValue('x', 'float32', [1, 4]);
const Y = onnxValue('y', 'float32', [1, 'n']);

const merge = (parts: readonly GraphPart[]) =>
  Buffer.concat(mergedModel({ name: 'merged', description: 'test', inputs: [X], outputs: [Y], parts }));

/** The file's operators as they come, which read `x` and give `y`. */
const whole = (bytes: Uint8Array, name = 'net.onnx') =>
  merge([prefixed(cutTo(readGraphPart(bytes, name), ['y']), 'net/', { x: 'x', y: 'y' })]);

const joined = (nodes: readonly NodeProto[]): GraphPart => ({
  file: 'joined',
  opsets: new Map([['', 18]]),
  nodes,
  weights: new Map(),
});

async function run(model: Uint8Array, x: readonly number[]): Promise<number[]> {
  const session = await Session.load(model, { threads: 1 });
  try {
    const { y } = await session.run({ x: { dims: [1, 4], data: Float32Array.from(x) } });
    return [...y!.data];
  } finally {
    await session.release();
  }
}

describe('networks of operator set 7 in one graph', () => {
  const network = (sign: number, prefix: string) =>
    prefixed(cutTo(readGraphPart(classifier(sign), prefix), ['feature']), prefix, { x: 'x' });
  const parts = [
    network(1, 'a/'),
    network(-1, 'b/'),
    joined([onnxNode('Concat', ['a/feature', 'b/feature'], ['y'], { axis: 1 })]),
  ];

  test('each keeps its own weights though both use the same names', async () => {
    expect(await run(merge(parts), [3, 4, 9, 9])).toEqual([3.5, 4, 3.5, 0]);
    expect(await run(merge(parts), [-3, -4, 9, 9])).toEqual([0, 0, 0, 4]);
  });

  test('what comes after the feature is gone', () => {
    const merged = readGraphPart(merge(parts), 'merged');
    expect(merged.nodes.map(({ opType, name }) => `${opType} ${name}`)).toEqual([
      ...['Gemm a/sum', 'Relu a/relu', 'Identity a/feature'],
      ...['Gemm b/sum', 'Relu b/relu', 'Identity b/feature'],
      'Concat y',
    ]);
    expect([...merged.weights.keys()]).toEqual(['a/w', 'a/b', 'b/w', 'b/b']);
    expect(merged.opsets).toEqual(new Map([['', 18]]));
  });

  test('weights are not copied', () => {
    const bytes = classifier(1);
    const part = cutTo(readGraphPart(bytes, 'net.onnx'), ['feature']);
    const pieces = mergedModel({
      name: 'merged',
      description: '',
      inputs: [X],
      outputs: [onnxValue('feature', 'float32', [1, 2])],
      parts: [part],
    });
    expect(pieces.filter(({ buffer }) => buffer === bytes.buffer).length).toBe(2);
  });
});

describe('operator sets', () => {
  test('the newest of all is taken', async () => {
    const model = whole(file({ nodes: [onnxNode('Gelu', ['x'], ['y'])], opsets: { '': 20 } }));
    expect(readGraphPart(model, 'merged').opsets).toEqual(new Map([['', 20]]));
    expect((await run(model, [0, 1, 2, 3]))[1]).toBeCloseTo(0.8413, 4);
  });

  test('an operator that has changed is refused', () => {
    expect(() => whole(file({ nodes: [onnxNode('Softmax', ['x'], ['y'])] }))).toThrow(
      'expected net.onnx to have operators that operator set 18 knows as well but got Softmax of set 7',
    );
    // It says the same since 13.
    whole(file({ nodes: [onnxNode('Softmax', ['x'], ['y'])], opsets: { 'ai.onnx': 13 } }));
  });

  test('operators of onnxruntime keep their version', async () => {
    const gelu = onnxNode('Gelu', ['x'], ['y']);
    gelu.domain = 'com.microsoft';
    const model = whole(file({ nodes: [gelu], opsets: { '': 12, 'com.microsoft': 1 } }));
    expect((await run(model, [0, 1, 2, 3]))[1]).toBeCloseTo(0.8413, 4);

    expect(() => whole(file({ nodes: [gelu] }))).toThrow(
      'expected net.onnx to say which version of com.microsoft its operator Gelu is of but it does not',
    );
    const other = readGraphPart(file({ nodes: [gelu], opsets: { 'com.microsoft': 2 } }), 'new.onnx');
    const old = readGraphPart(file({ nodes: [gelu], opsets: { 'com.microsoft': 1 } }), 'old.onnx');
    expect(() => merge([old, prefixed(other, 'b/', { x: 'x' })])).toThrow(
      'expected new.onnx to have operators of com.microsoft in version 1 but got Gelu of version 2',
    );
  });
});

test('an optional input that is left out stays left out', async () => {
  const clip = onnxNode('Clip', ['x', '', 'most'], ['y']);
  const weights = [onnxTensor('most', [], Float32Array.of(2))];
  expect(await run(whole(file({ nodes: [clip], weights, opsets: { '': 11 } })), [-1, 0, 2, 3])).toEqual([
    -1, 0, 2, 2,
  ]);
});

describe('files that cannot become a part', () => {
  test('weights in a second file', () => {
    const weight = create(TensorProtoSchema, {
      name: 'w',
      dims: [4n, 2n],
      dataType: TensorProto_DataType.FLOAT,
      externalData: [create(StringStringEntryProtoSchema, { key: 'location', value: 'weights.bin' })],
    });
    const nodes = [onnxNode('MatMul', ['x', 'w'], ['y'])];
    expect(() => whole(file({ nodes, weights: [weight] }))).toThrow(
      'expected net.onnx to hold its weights but got w in a second file',
    );
  });

  test('operators with graphs of their own', () => {
    const branch = onnxNode('If', ['x'], ['y']);
    branch.attribute.push(
      create(AttributeProtoSchema, {
        name: 'then_branch',
        type: AttributeProto_AttributeType.GRAPH,
        g: create(GraphProtoSchema, { name: 'then' }),
      }),
    );
    expect(() => whole(file({ nodes: [branch] }))).toThrow(
      'expected net.onnx to be a plain graph but got the operator If with a graph of its own',
    );
  });

  test('a tensor that is not there', () => {
    expect(() => whole(file({ nodes: [onnxNode('MatMul', ['x', 'w'], ['y'])] }))).toThrow(
      'expected net.onnx to hold net/w, which its operator MatMul reads, but it does not',
    );
  });

  test('a file that is cut short', () => {
    const bytes = classifier(1);
    expect(() => readGraphPart(bytes.subarray(0, bytes.length - 100), 'net.onnx')).toThrow(
      "expected net.onnx to be an ONNX file but it can't be read as one",
    );
  });

  test('more than protobuf holds', () => {
    // Never touched, so never really there.
    const half = new Uint8Array(2 ** 30);
    const part = { ...joined([onnxNode('Identity', ['x'], ['y'])]) };
    const weights = new Map(['a', 'b'].map((name) => [name, half]));
    expect(() => merge([{ ...part, weights }])).toThrow(
      'expected the networks to fit in one ONNX file, which holds 2 GB at most, but got 2.0 GB',
    );
  });
});
