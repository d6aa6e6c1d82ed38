import { InternalError } from '../../src/errors.ts';
import type { KerasLayer, KerasModel, KerasWeights } from './keras.ts';
import {
  type Activation,
  type Convolution,
  type FloatWeights,
  IMAGE,
  type Layer,
  type Network,
} from './network.ts';

type Pads = readonly [number, number, number, number];
const NO_PADS: Pads = [0, 0, 0, 0];

/**
 * Keras' ResNet50 (He et al. 2015, arXiv 1512.03385) as convolutions, maximum pool and sums: zero padding,
 * batch normalisation and ReLU disappear into the layer before or after them.
 */
export function resnet50(model: KerasModel): Network {
  const folding = new Folding(model);
  for (const layer of model.layers) folding.add(layer);
  return folding.network();
}

/**
 * Convolutions whose weights stay float32 in the stored file: the first eleven hold 1 % of the weights, but
 * their rounding errors go through all others (least cosine .9982 with int8, .9997 with float32).
 */
export function keepsFloat(output: string): boolean {
  return output === 'conv1' || output.startsWith('res2');
}

/** Walks the Keras layers in order and keeps, for every layer's name, the tensor that now stands for it. */
class Folding {
  private readonly model: KerasModel;
  private readonly layers: Layer[] = [];
  /** Position in `layers` of the layer that makes a Keras layer's output. */
  private readonly madeBy = new Map<string, number>();
  private readonly tensors = new Map<string, { readonly name: string; readonly pads: Pads }>();
  private size = 0;
  private top: { weights: FloatWeights; bias: Float32Array } | undefined;

  constructor(model: KerasModel) {
    this.model = model;
  }

  network(): Network {
    if (this.top === undefined) throw new InternalError('the Keras model has no Dense layer');
    return {
      name: 'resnet50',
      description:
        'ResNet50 without its classifier: Keras ImageNet weights, batch normalisation folded in. ' +
        'image [B,3,224,224]: BGR, 0..255, minus 103.939, 116.779, 123.68. pool [B,2048].',
      size: this.size,
      featureSize: this.top.weights.dims[1]!,
      layers: this.layers,
      top: this.top,
    };
  }

  add(layer: KerasLayer): void {
    const { name, config } = layer;
    const [input, second] = (layer.inbound_nodes[0] ?? []).map(([from]) => this.tensor(from));
    switch (layer.class_name) {
      case 'InputLayer':
        this.size = config.batch_input_shape?.[1] ?? 0;
        this.tensors.set(name, { name: IMAGE, pads: NO_PADS });
        return;
      case 'ZeroPadding2D': {
        if (!Array.isArray(config.padding)) throw new InternalError(`${name} has no padding`);
        const [[top, bottom], [left, right]] = config.padding;
        this.tensors.set(name, { name: input!.name, pads: [top, left, bottom, right] });
        return;
      }
      case 'Conv2D':
        this.push(name, this.convolution(layer, input!));
        return;
      case 'BatchNormalization':
        this.rewrite(layer, (made) => {
          if (made.kind !== 'convolution') throw new InternalError(`${name} does not follow a convolution`);
          return this.normalized(made, name, config.epsilon ?? 0);
        });
        return;
      case 'Activation': {
        if (config.activation !== 'relu') throw new InternalError(`${name} is not a ReLU`);
        this.rewrite(layer, (made) => {
          if (made.kind === 'maxPool') throw new InternalError(`${name} follows a pool`);
          return { ...made, activation: 'relu' satisfies Activation };
        });
        return;
      }
      case 'MaxPooling2D':
        // Keras pads with zeros, ONNX with minus infinity: the same after a ReLU.
        this.push(name, {
          kind: 'maxPool',
          input: input!.name,
          output: name,
          window: config.pool_size!,
          strides: config.strides!,
          pads: input!.pads,
        });
        return;
      case 'Add':
        this.push(name, {
          kind: 'sum',
          inputs: [input!.name, second!.name],
          output: name,
          activation: 'none',
        });
        return;
      case 'GlobalAveragePooling2D':
        return;
      case 'Dense':
        this.top = {
          weights: toOutputFirst(this.weights(`${name}/kernel`)),
          bias: this.weights(`${name}/bias`).values,
        };
        return;
      default:
        throw new InternalError(`the Keras layer ${layer.class_name} is not known`);
    }
  }

  private convolution(layer: KerasLayer, input: { readonly name: string; readonly pads: Pads }): Convolution {
    const weights = toOutputFirst(this.weights(`${layer.name}/kernel`));
    const [height = 1, width = 1] = weights.dims.slice(2);
    const { strides = [1, 1], padding } = layer.config;
    const same = padding === 'same';
    // With stride 1 and an odd kernel, as everywhere in ResNet50, `same` is the same on all sides.
    if (same && (strides[0] !== 1 || strides[1] !== 1))
      throw new InternalError(`${layer.name} is padded and strided`);
    const [y, x] = [(height - 1) / 2, (width - 1) / 2];
    return {
      kind: 'convolution',
      input: input.name,
      output: layer.name,
      weights,
      bias: this.weights(`${layer.name}/bias`).values,
      strides,
      pads: same ? [y, x, y, x] : input.pads,
      groups: 1,
      activation: 'none',
    };
  }

  /** y = gamma (conv(x) + bias - mean) / sqrt(variance + epsilon) + beta is a convolution again. */
  private normalized(convolution: Convolution, name: string, epsilon: number): Convolution {
    const [gamma, beta, mean, variance] = ['gamma', 'beta', 'moving_mean', 'moving_variance'].map(
      (part) => this.weights(`${name}/${part}`).values,
    ) as [Float32Array, Float32Array, Float32Array, Float32Array];
    const factor = gamma.map((value, channel) => value / Math.sqrt(variance[channel]! + epsilon));
    const { dims, values } = convolution.weights;
    const size = values.length / factor.length;
    return {
      ...convolution,
      weights: {
        dims,
        values: Float32Array.from(values, (value, i) => value * factor[Math.floor(i / size)]!),
      },
      bias: convolution.bias.map(
        (bias, channel) => (bias - mean[channel]!) * factor[channel]! + beta[channel]!,
      ),
    };
  }

  private push(name: string, layer: Layer): void {
    this.madeBy.set(name, this.layers.push(layer) - 1);
    this.tensors.set(name, { name: layer.output, pads: NO_PADS });
  }

  /** Absorbs a Keras layer into the one that makes its input. */
  private rewrite(layer: KerasLayer, change: (made: Layer) => Layer): void {
    const from = layer.inbound_nodes[0]?.[0]?.[0] ?? '';
    const position = this.madeBy.get(from);
    if (position === undefined) throw new InternalError(`nothing makes the input of ${layer.name}`);
    this.layers[position] = change(this.layers[position]!);
    this.madeBy.set(layer.name, position);
    this.tensors.set(layer.name, { name: this.layers[position].output, pads: NO_PADS });
  }

  private tensor(name: string): { readonly name: string; readonly pads: Pads } {
    // The average pool is not a layer of ours: encodeNetwork puts it after the last one.
    return this.tensors.get(name) ?? { name: 'pool', pads: NO_PADS };
  }

  private weights(name: string): KerasWeights {
    const found = this.model.weights.get(name);
    if (found === undefined) throw new InternalError(`the Keras model has no weights ${name}`);
    return found;
  }
}

/** Keras kernels [height, width, in, out] or [in, out] as ONNX has them: [out, in, height, width] or [out, in]. */
function toOutputFirst({ dims, values }: KerasWeights): FloatWeights {
  const out = dims.at(-1)!;
  const inputs = dims.at(-2)!;
  const spatial = dims.slice(0, -2);
  const positions = spatial.reduce((a, b) => a * b, 1);
  const moved = new Float32Array(values.length);
  for (let p = 0; p < positions; p++) {
    for (let i = 0; i < inputs; i++) {
      for (let o = 0; o < out; o++)
        moved[(o * inputs + i) * positions + p] = values[(p * inputs + i) * out + o]!;
    }
  }
  return { dims: [out, inputs, ...spatial], values: moved };
}
