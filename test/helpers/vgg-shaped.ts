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

/** What one step of the 8-bit numbers is worth: of fc7's input, weights and output. */
const INPUT_SCALE = 0.005;
const WEIGHT_SCALE = 0.0024;
export const FC7_SCALE = 0.008;

interface VggOptions {
  readonly seed?: number;
  /** First dimension of the input: the zoo's files have 1. */
  readonly batch?: number | string;
  /**
   * fc7 as onnxruntime's quantiser makes it: 8-bit numbers with a scale and a zero point, the ReLU within the range
   * that they can have. No bias, as that would take an operator of onnxruntime's own.
   */
  readonly quantised?: boolean;
}

/**
 * The bytes of a VGG16 with the ONNX Model Zoo's input, output and tensor names, few channels and
 * seeded random weights. Like the zoo's file it declares only the logits as its output.
 */
function vggShaped({ seed = 1, batch = 1, quantised = false }: VggOptions = {}): Uint8Array {
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
  /** [1,FC6] -> [1,FC7]; nothing in the file is called as the float tensor would be. */
  const quantisedDense1 = (input: string): string => {
    const scaleOf = (tensor: string, scale: number, zeroPoint: Int8Array | Uint8Array): string[] => {
      initializers.push(
        onnxTensor(`${tensor}_scale`, [], Float32Array.of(scale)),
        onnxTensor(`${tensor}_zero_point`, [], zeroPoint),
      );
      return [`${tensor}_scale`, `${tensor}_zero_point`];
    };
    const inputScale = scaleOf(input, INPUT_SCALE, Uint8Array.of(0));
    const weightScale = scaleOf('vgg0_dense1_weight', WEIGHT_SCALE, Int8Array.of(0));
    const outputScale = scaleOf('vgg0_dense1_relu_fwd', FC7_SCALE, Uint8Array.of(0));
    const weights = Int8Array.from({ length: FC6 * FC7 }, () => Math.round((2 * random() - 1) * 127));
    initializers.push(onnxTensor('vgg0_dense1_weight_quantized', [FC6, FC7], weights));
    const bytes = add('QuantizeLinear', [input, ...inputScale], `${input}_quantized`);
    const product = add(
      'QLinearMatMul',
      [bytes, ...inputScale, 'vgg0_dense1_weight_quantized', ...weightScale, ...outputScale],
      'vgg0_dense1_relu_fwd_quantized',
    );
    return add('DequantizeLinear', [product, ...outputScale], 'vgg0_dropout1_fwd');
  };

  x = add('Flatten', [x], 'flatten_60');
  x = add('Relu', [dense(0, x, inputChannels * 7 * 7, FC6)], 'vgg0_dense0_relu_fwd');
  x = add('Flatten', [add('Dropout', [x], 'vgg0_dropout0_fwd')], 'flatten_65');
  if (quantised) {
    x = quantisedDense1(x);
  } else {
    x = add('Relu', [dense(1, x, FC6, FC7)], 'vgg0_dense1_relu_fwd');
    x = add('Flatten', [add('Dropout', [x], 'vgg0_dropout1_fwd')], 'flatten_70');
  }
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
