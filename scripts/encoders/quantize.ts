import type { FloatWeights, Network, QuantizedWeights, Weights } from './network.ts';

/** The same network with float32 weights throughout: what the stored file is compared with. */
export function dequantizeNetwork(network: Network): Network {
  return mapWeights(network, dequantizeWeights);
}

/**
 * The same network with its float32 weights rounded to int8. `keepFloat` says which convolutions (by the
 * name of their output) keep theirs.
 */
export function quantizeNetwork(network: Network, keepFloat: (output: string) => boolean): Network {
  return mapWeights(network, (weights, output) =>
    'scales' in weights || keepFloat(output) ? weights : quantizeWeights(weights),
  );
}

function mapWeights(network: Network, map: (weights: Weights, output: string) => Weights): Network {
  return {
    ...network,
    layers: network.layers.map((layer) =>
      layer.kind === 'convolution' ? { ...layer, weights: map(layer.weights, layer.output) } : layer,
    ),
    top: { ...network.top, weights: map(network.top.weights, 'logits') },
  };
}

/** Symmetric: -127..127, so that 0 stays 0 and a weight and its negative round alike. */
const LARGEST = 127;

/**
 * Rounds weights to int8 with one scale an output channel, chosen so that its largest magnitude just fits.
 * (Clipping outliers for the least squared error gave the same features to five digits.)
 */
export function quantizeWeights({ dims, values }: FloatWeights): QuantizedWeights {
  const channels = dims[0] ?? 0;
  const size = values.length / channels;
  const scales = new Float32Array(channels);
  for (let i = 0; i < values.length; i++) {
    const channel = Math.floor(i / size);
    scales[channel] = Math.max(scales[channel]!, Math.abs(values[i]!) / LARGEST);
  }
  const rounded = Int8Array.from(values, (value, i) => {
    const scale = scales[Math.floor(i / size)]!;
    // A channel of zeros has scale 0.
    return scale === 0 ? 0 : Math.round(value / scale);
  });
  return { dims, values: rounded, scales };
}

/** The float32 numbers that int8 weights stand for. */
export function dequantizeWeights(weights: Weights): FloatWeights {
  if (!('scales' in weights)) return weights;
  const size = weights.values.length / weights.scales.length;
  const values = Float32Array.from(
    weights.values,
    (value, i) => value * weights.scales[Math.floor(i / size)]!,
  );
  return { dims: weights.dims, values };
}
