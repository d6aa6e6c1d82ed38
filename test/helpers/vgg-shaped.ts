import { writeFile } from 'node:fs/promises';
import { onnxModel, onnxNode, onnxTensor, onnxValue } from '../../src/onnx/proto.ts';

type Node = ReturnType<typeof onnxNode>;
type Initializer = ReturnType<typeof onnxTensor>;

/** Output channels of VGG16's five blocks, made small; two or three convolutions each. */
const BLOCKS = [
  { channels: 4, convolutions: 2 },
  { channels: 8, convolutions: 2 },
  { channels: 8, convolutions: 3 },
  { channels: 8, convolutions: 3 },
  { channels: 8, convolutions: 3 },
];
/** fc6 is narrowed from 4096 to keep the file at about 3 MB; fc7 is the real 4096. */
const FC6 = 64;
const FC7 = 4096;
const CLASSES = 1000;

interface VggOptions {
  readonly seed?: number;
  /** First dimension of the input: the zoo's files have 1. */
  readonly batch?: number | string;
}

/**
 * The bytes of a VGG16 with the ONNX Model Zoo's input, output and tensor names, few channels and
 * seeded random weights. Like the zoo's file it declares only the logits as its output.
 */
function vggShaped({ seed = 1, batch = 1 }: VggOptions = {}): Uint8Array {
  const random = generator(seed);
  const nodes: Node[] = [];
  const initializers: Initializer[] = [];

  const weight = (name: string, dims: readonly number[], fanIn: number): string => {
    const data = new Float32Array(dims.reduce((a, b) => a * b, 1));
    for (let i = 0; i < data.length; i++) data[i] = (2 * random() - 1) * Math.sqrt(6 / fanIn);
    initializers.push(onnxTensor(name, dims, data));
    return name;
  };
  const add = (opType: string, inputs: string[], output: string, attributes = {}): string => {
    nodes.push(onnxNode(opType, inputs, [output], attributes));
    return output;
  };

  let x = 'data';
  let inputChannels = 3;
  let convolution = 0;
  for (const [block, { channels, convolutions }] of BLOCKS.entries()) {
    for (let i = 0; i < convolutions; i++, convolution++) {
      const name = `vgg0_conv${convolution}`;
      const fanIn = inputChannels * 9;
      const w = weight(`${name}_weight`, [channels, inputChannels, 3, 3], fanIn);
      const b = weight(`${name}_bias`, [channels], 600);
      x = add('Conv', [x, w, b], `${name}_fwd`, { kernel_shape: [3, 3], pads: [1, 1, 1, 1] });
      x = add('Relu', [x], `vgg0_relu${convolution}_fwd`);
      inputChannels = channels;
    }
    x = add('MaxPool', [x], `vgg0_pool${block}_fwd`, { kernel_shape: [2, 2], strides: [2, 2] });
  }

  const dense = (n: number, input: string, inSize: number, outSize: number): string => {
    const w = weight(`vgg0_dense${n}_weight`, [outSize, inSize], inSize);
    const b = weight(`vgg0_dense${n}_bias`, [outSize], 600);
    return add('Gemm', [input, w, b], `vgg0_dense${n}_fwd`, { transB: 1 });
  };
  x = add('Flatten', [x], 'flatten_60');
  x = add('Relu', [dense(0, x, inputChannels * 7 * 7, FC6)], 'vgg0_dense0_relu_fwd');
  x = add('Flatten', [add('Dropout', [x], 'vgg0_dropout0_fwd')], 'flatten_65');
  x = add('Relu', [dense(1, x, FC6, FC7)], 'vgg0_dense1_relu_fwd');
  x = add('Flatten', [add('Dropout', [x], 'vgg0_dropout1_fwd')], 'flatten_70');
  // The classifier's weights would be 16 MB and nobody reads the logits: a slice keeps their shape.
  initializers.push(
    onnxTensor('starts', [1], BigInt64Array.of(0n)),
    onnxTensor('ends', [1], BigInt64Array.of(BigInt(CLASSES))),
    onnxTensor('axes', [1], BigInt64Array.of(1n)),
  );
  x = add('Slice', [x, 'starts', 'ends', 'axes'], 'vgg0_dense2_fwd');

  return onnxModel({
    name: 'vgg16-shaped',
    inputs: [onnxValue('data', 'float32', [batch, 3, 224, 224])],
    outputs: [onnxValue(x, 'float32', [batch, CLASSES])],
    initializers,
    nodes,
  });
}

/** Writes a VGG16-shaped ONNX file and returns its path. */
export async function writeVggShaped(path: string, options: VggOptions = {}): Promise<string> {
  await writeFile(path, vggShaped(options));
  return path;
}

/** Uniform numbers in [0,1) from a seed (mulberry32). */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
