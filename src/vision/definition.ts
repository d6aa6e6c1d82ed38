/**
 * What an encoder is, as data: which networks turn a photograph into a vector, and how the pixels
 * are prepared for each. The vectors of several networks are concatenated in order.
 */
export interface EncoderDefinition {
  /** The name that `--encoder` and a model's `model.json` use. */
  readonly name: string;
  readonly description: string;
  readonly networks: readonly NetworkDefinition[];
  /** F: length of the whole feature vector, the sum over the networks. */
  readonly featureSize: number;
}

export interface NetworkDefinition {
  /** File name of the ONNX file, for messages and for finding it. */
  readonly file: string;
  /** SHA-256 of that file, or null where any file of the right shape will do. */
  readonly sha256: string | null;
  readonly input: { readonly name: string; readonly layout: 'NCHW' | 'NHWC' };
  /** Tensors that hold the feature, best first: the first one that the file has is read. It need not be declared as an output. */
  readonly features: readonly string[];
  readonly featureSize: number;
  /** Largest batch the file accepts: 1 where its batch dimension is fixed (ONNX zoo VGG). */
  readonly maxBatch: number;
  readonly preprocessing: Preprocessing;
  /** Scale to Euclidean length `l2` (each network's vector on its own), or null to leave it. */
  readonly l2: number | null;
}

/** The same encoder looking at mirrored photographs. */
export function mirrored(definition: EncoderDefinition): EncoderDefinition {
  const networks = definition.networks.map((network) => ({
    ...network,
    preprocessing: { ...network.preprocessing, mirror: true },
  }));
  return { ...definition, networks };
}

/** From a decoded image to network input: resize, then (value * scale - mean) / std per channel. */
export interface Preprocessing {
  /** `squash`: the whole image to size x size. `crop`: short side to `shortSide`, then the centre size x size. */
  readonly resize: { readonly kind: 'squash' } | { readonly kind: 'crop'; readonly shortSide: number };
  /** Left and right exchanged: a second view of the same photographs to train on. Never set for captioning. */
  readonly mirror?: boolean | undefined;
  /** Side of the square that the network sees, in pixels. */
  readonly size: number;
  /** Order of the channels that the network sees; scale, mean and std are in this order. */
  readonly channels: 'RGB' | 'BGR';
  /** Multiplies the 0..255 value first. */
  readonly scale: number;
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}
