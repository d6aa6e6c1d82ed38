import { InternalError } from '../../src/errors.ts';
import { type Convolution, IMAGE, type Layer, type Network, type QuantizedWeights } from './network.ts';
import type { TfliteModel, TfliteOperator, TfliteTensor } from './tflite.ts';

/**
 * EfficientNet-Lite4 with its int8 weights as they are stored and its activations in float32: the
 * quantisation of activations is left out, the ReLU6 limits stay.
 */
export function efficientnetLite4(model: TfliteModel): Network {
  const layers: Layer[] = [];
  /** ONNX name of each activation; `quantize` and `reshape` only rename. */
  const names = new Map([[model.input, IMAGE]]);
  let top: Pick<Convolution, 'weights' | 'bias'> | undefined;
  for (const operator of model.operators) {
    const [from = -1, other = -1] = operator.inputs;
    const to = operator.outputs[0] ?? -1;
    const input = names.get(from) ?? '';
    const output = `t${to}`;
    switch (operator.op) {
      case 'quantize':
      case 'reshape':
      case 'softmax':
        names.set(to, input);
        break;
      case 'conv':
      case 'depthwiseConv':
        layers.push(convolution(model, operator, input, output));
        names.set(to, output);
        break;
      case 'add':
        layers.push({
          kind: 'sum',
          inputs: [input, names.get(other) ?? ''],
          output,
          activation: operator.activation,
        });
        names.set(to, output);
        break;
      case 'averagePool':
        // encodeNetwork averages over all positions; so must this.
        if (operator.window.some((side, axis) => side !== tensorAt(model, from).shape[axis + 1])) {
          throw new InternalError(`expected one average over all positions but got ${operator.window}`);
        }
        names.set(to, 'pool');
        break;
      case 'fullyConnected':
        top = linear(model, operator);
        break;
      default:
        throw new InternalError(`the operator ${operator.op} is not known`);
    }
  }
  if (top === undefined) throw new InternalError('the network has no classifier');
  return {
    name: 'efficientnet-lite4',
    description:
      'EfficientNet-Lite4 without its classifier: ImageNet weights of the int8 TensorFlow Lite file. ' +
      'image [B,3,300,300]: RGB, (0..255 - 127) / 128. pool [B,1280].',
    size: tensorAt(model, model.input).shape[1]!,
    featureSize: top.weights.dims[1]!,
    layers,
    top,
  };
}

function convolution(
  model: TfliteModel,
  operator: TfliteOperator,
  input: string,
  output: string,
): Convolution {
  const { weights, bias } = linear(model, operator);
  const [, ...inputSides] = tensorAt(model, operator.inputs[0]!).shape;
  const [top, bottom] = padding(operator, inputSides[0]!, weights.dims[2]!, operator.strides[0]);
  const [left, right] = padding(operator, inputSides[1]!, weights.dims[3]!, operator.strides[1]);
  return {
    kind: 'convolution',
    input,
    output,
    weights,
    bias,
    strides: operator.strides,
    pads: [top, left, bottom, right],
    groups: operator.op === 'depthwiseConv' ? weights.dims[0]! : 1,
    activation: operator.activation,
  };
}

/** Zeros before and after: TensorFlow's SAME puts the odd one after, so ONNX needs the numbers. */
function padding(operator: TfliteOperator, side: number, kernel: number, stride: number): [number, number] {
  if (operator.padding === 'valid') return [0, 0];
  const total = Math.max((Math.ceil(side / stride) - 1) * stride + kernel - side, 0);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}

/** Weights and bias of a convolution or a matrix product, the output channel moved to the front. */
function linear(
  model: TfliteModel,
  operator: TfliteOperator,
): { weights: QuantizedWeights; bias: Float32Array } {
  const stored = tensorAt(model, operator.inputs[1]!);
  const biasTensor = tensorAt(model, operator.inputs[2]!);
  if (
    stored.type !== 'int8' ||
    biasTensor.type !== 'int32' ||
    stored.quantization.zeroPoints.some((zero) => zero !== 0n)
  ) {
    throw new InternalError(`expected ${stored.name} to be symmetric int8 with an int32 bias`);
  }
  const values = new Int8Array(stored.data.buffer, stored.data.byteOffset, stored.data.byteLength);
  const int32s = new DataView(biasTensor.data.buffer, biasTensor.data.byteOffset, biasTensor.data.byteLength);
  const channels = biasTensor.shape[0]!;
  const biasScales = perChannel(biasTensor, channels);
  return {
    weights: { ...toOutputFirst(stored.shape, values, operator), scales: perChannel(stored, channels) },
    bias: Float32Array.from(
      { length: channels },
      (_, channel) => int32s.getInt32(4 * channel, true) * biasScales[channel]!,
    ),
  };
}

/**
 * TensorFlow Lite has convolutions as [out, height, width, in] and depthwise ones as [1, height, width, out];
 * ONNX wants [out, in, height, width] and [out, 1, height, width]. Matrices [out, in] stay.
 */
function toOutputFirst(
  shape: readonly number[],
  values: Int8Array,
  operator: TfliteOperator,
): { dims: number[]; values: Int8Array } {
  if (operator.op === 'fullyConnected') return { dims: [...shape], values };
  const [outer = 1, height = 1, width = 1, inner = 1] = shape;
  const positions = height * width;
  const moved = new Int8Array(values.length);
  for (let o = 0; o < outer; o++) {
    for (let p = 0; p < positions; p++) {
      for (let i = 0; i < inner; i++)
        moved[(o * inner + i) * positions + p] = values[(o * positions + p) * inner + i]!;
    }
  }
  // With outer = 1 the same move yields [inner, height, width]: the depthwise kernel.
  const dims =
    operator.op === 'depthwiseConv' ? [inner, outer, height, width] : [outer, inner, height, width];
  return { dims, values: moved };
}

/** One scale a channel, also where the file has one for the whole tensor. */
function perChannel(tensor: TfliteTensor, channels: number): Float32Array {
  const { scales } = tensor.quantization;
  if (scales.length === channels) return scales;
  if (scales.length !== 1)
    throw new InternalError(`expected ${channels} scales of ${tensor.name} but got ${scales.length}`);
  return new Float32Array(channels).fill(scales[0]!);
}

function tensorAt(model: TfliteModel, index: number): TfliteTensor {
  const tensor = model.tensors[index];
  if (tensor === undefined) throw new InternalError(`the graph has no tensor ${index}`);
  return tensor;
}
