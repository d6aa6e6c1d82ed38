import { InternalError } from '../../src/errors.ts';
import { type OnnxModel, onnxModel, onnxNode, onnxTensor, onnxValue } from '../../src/onnx/proto.ts';

/**
 * A convolutional classifier as plain data, between the formats it is read from and the ONNX file that is
 * written. Everything is in ONNX order: activations [B, channels, height, width], kernels
 * [out, in / groups, height, width].
 */
export interface Network {
  readonly name: string;
  readonly description: string;
  /** Side of the square input `image` [B, 3, size, size]. */
  readonly size: number;
  /** F: length of the output `pool` [B, F]. */
  readonly featureSize: number;
  /** In execution order; the last one's output is averaged over its positions to give `pool`. */
  readonly layers: readonly Layer[];
  /** The classifier on top of `pool`: logits = pool weights^T + bias. The shipped file goes without. */
  readonly top: Linear;
}

export type Layer = Convolution | MaxPool | Sum;

export interface Convolution extends Linear {
  readonly kind: 'convolution';
  readonly input: string;
  readonly output: string;
  readonly strides: readonly [height: number, width: number];
  /** Zeros around the input: top, left, bottom, right. */
  readonly pads: readonly [number, number, number, number];
  readonly groups: number;
  readonly activation: Activation;
}

interface MaxPool {
  readonly kind: 'maxPool';
  readonly input: string;
  readonly output: string;
  readonly window: readonly [height: number, width: number];
  readonly strides: readonly [height: number, width: number];
  readonly pads: readonly [number, number, number, number];
}

interface Sum {
  readonly kind: 'sum';
  readonly inputs: readonly [string, string];
  readonly output: string;
  readonly activation: Activation;
}

interface Linear {
  readonly weights: Weights;
  /** One value an output channel. */
  readonly bias: Float32Array;
}

export type Activation = 'none' | 'relu' | 'relu6';

/** Weights with the output channel first: as they are, or as int8 numbers times one scale a channel. */
export type Weights = FloatWeights | QuantizedWeights;

export interface FloatWeights {
  readonly dims: readonly number[];
  readonly values: Float32Array;
}

export interface QuantizedWeights {
  readonly dims: readonly number[];
  readonly values: Int8Array;
  /** real[channel, ...] = scales[channel] * values[channel, ...] */
  readonly scales: Float32Array;
}

/** Name of the network input; layers refer to it. */
export const IMAGE = 'image';

/** The ONNX file: input `image` [B, 3, size, size], output `pool` [B, F], and `logits` if the top is asked for. */
export function encodeNetwork(network: Network, options: { readonly top: boolean }): Uint8Array {
  const graph = new GraphBuilder();
  for (const layer of network.layers) graph.addLayer(layer);
  const last = network.layers.at(-1);
  if (last === undefined) throw new InternalError(`${network.name} has no layers`);
  graph.addNode('GlobalAveragePool', [last.output], 'average');
  graph.addNode('Flatten', ['average'], 'pool');
  const outputs = [onnxValue('pool', 'float32', ['B', network.featureSize])];
  if (options.top) {
    const weights = graph.addWeights('top', network.top.weights);
    const bias = graph.addConstant('top/bias', [network.top.bias.length], network.top.bias);
    graph.addNode('Gemm', ['pool', weights, bias], 'logits', { transB: 1 });
    outputs.push(onnxValue('logits', 'float32', ['B', network.top.bias.length]));
  }
  return onnxModel({
    name: network.name,
    description: network.description,
    inputs: [onnxValue(IMAGE, 'float32', ['B', 3, network.size, network.size])],
    outputs,
    ...graph.contents,
  });
}

class GraphBuilder {
  private readonly nodes: OnnxModel['nodes'][number][] = [];
  private readonly initializers: OnnxModel['initializers'][number][] = [];

  get contents(): Pick<OnnxModel, 'nodes' | 'initializers'> {
    return { nodes: this.nodes, initializers: this.initializers };
  }

  addLayer(layer: Layer): void {
    switch (layer.kind) {
      case 'convolution': {
        const weights = this.addWeights(layer.output, layer.weights);
        const bias = this.addConstant(`${layer.output}/bias`, [layer.bias.length], layer.bias);
        this.addActivated('Conv', [layer.input, weights, bias], layer.output, layer.activation, {
          kernel_shape: layer.weights.dims.slice(2),
          strides: layer.strides,
          pads: layer.pads,
          group: layer.groups,
        });
        break;
      }
      case 'maxPool':
        this.addNode('MaxPool', [layer.input], layer.output, {
          kernel_shape: layer.window,
          strides: layer.strides,
          pads: layer.pads,
        });
        break;
      case 'sum':
        this.addActivated('Add', layer.inputs, layer.output, layer.activation);
        break;
    }
  }

  addNode(...[op, inputs, output, attributes]: [...NodeArguments, NodeAttributes?]): void {
    this.nodes.push(onnxNode(op, inputs, [output], attributes));
  }

  private addActivated(
    op: string,
    inputs: readonly string[],
    output: string,
    activation: Activation,
    attributes?: NodeAttributes,
  ): void {
    const linear = activation === 'none' ? output : `${output}/linear`;
    this.addNode(op, inputs, linear, attributes);
    if (activation === 'relu') this.addNode('Relu', [linear], output);
    if (activation === 'relu6') {
      const low = this.addConstant('relu6/low', [], Float32Array.of(0));
      const high = this.addConstant('relu6/high', [], Float32Array.of(6));
      this.addNode('Clip', [linear, low, high], output);
    }
  }

  addConstant(name: string, dims: readonly number[], values: Float32Array | Int8Array): string {
    if (!this.initializers.some((tensor) => tensor.name === name)) {
      this.initializers.push(onnxTensor(name, dims, values));
    }
    return name;
  }

  /**
   * int8 weights are written as Cast and Mul on constants: onnxruntime evaluates those once, when it loads
   * the file, and then runs the same float32 convolutions. (It would leave a DequantizeLinear in place.)
   */
  addWeights(name: string, weights: Weights): string {
    if (!('scales' in weights)) return this.addConstant(`${name}/weights`, weights.dims, weights.values);
    const stored = this.addConstant(`${name}/int8`, weights.dims, weights.values);
    const scales = this.addConstant(
      `${name}/scales`,
      weights.dims.map((dim, axis) => (axis === 0 ? dim : 1)),
      weights.scales,
    );
    this.addNode('Cast', [stored], `${name}/unscaled`, { to: FLOAT });
    this.addNode('Mul', [`${name}/unscaled`, scales], `${name}/weights`);
    return `${name}/weights`;
  }
}

type NodeArguments = [op: string, inputs: readonly string[], output: string];
type NodeAttributes = Parameters<typeof onnxNode>[3];

/** TensorProto.DataType.FLOAT, the `to` of Cast. */
const FLOAT = 1;
