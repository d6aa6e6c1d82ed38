import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../errors.ts';
import { homeFolders } from '../files/home.ts';
import type { EncoderDefinition, NetworkDefinition, Preprocessing } from './definition.ts';

/** Preprocessing of the networks that Caffe trained or that follow it: BGR 0..255 minus the ImageNet mean. */
function caffe(size: number): Preprocessing {
  return {
    resize: { kind: 'squash' },
    size,
    channels: 'BGR',
    scale: 1,
    mean: [103.939, 116.779, 123.68],
    std: [1, 1, 1],
  };
}

/** Length of each network's vector: with 3328 values of about 0.1 the decoder's input has a useful size. */
const LENGTH = 6;

const RESNET50: NetworkDefinition = {
  file: 'resnet50.onnx',
  sha256: '39526c4b1a0f381f1511cc7826c06aa6f96bc8c6e51208cfe665467b0675e63c',
  input: { name: 'image', layout: 'NCHW' },
  features: ['pool'],
  featureSize: 2048,
  maxBatch: 16,
  preprocessing: caffe(224),
  l2: LENGTH,
};

const EFFICIENTNET_LITE4: NetworkDefinition = {
  file: 'efficientnet-lite4.onnx',
  sha256: 'abd9bbe4151655da36afa25ca2a1aad04405a3842a9c2b90f37d50b7a8da0cc9',
  input: { name: 'image', layout: 'NCHW' },
  features: ['pool'],
  featureSize: 1280,
  maxBatch: 16,
  preprocessing: {
    resize: { kind: 'squash' },
    size: 300,
    channels: 'RGB',
    scale: 1,
    mean: [127, 127, 127],
    std: [128, 128, 128],
  },
  l2: LENGTH,
};

/**
 * fc7 (FC-4096) of the ONNX Model Zoo's VGG files, as MXNet trained them; the batch of 1 is written
 * in the files. No SHA-256: the zoo has several files of each (opset 7, opset 12), all of which will do.
 */
function zooVgg(file: string, features: readonly string[]): NetworkDefinition {
  return {
    file,
    sha256: null,
    input: { name: 'data', layout: 'NCHW' },
    features,
    featureSize: 4096,
    maxBatch: 1,
    preprocessing: {
      resize: { kind: 'crop', shortSide: 256 },
      size: 224,
      channels: 'RGB',
      scale: 1 / 255,
      mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225],
    },
    l2: LENGTH,
  };
}

const VGG16 = zooVgg('vgg16-7.onnx', ['vgg0_dense1_relu_fwd', 'flatten_70']);

function encoder(
  name: string,
  description: string,
  networks: readonly NetworkDefinition[],
): EncoderDefinition {
  const featureSize = networks.reduce((sum, network) => sum + network.featureSize, 0);
  return { name, description, networks, featureSize };
}

/** Encoders whose networks `caption models pull` gets: VGG files don't ship (553 MB). */
const PULLABLE = ['vgg16', 'vgg16-int8', 'vgg19'] as const;
export type PullableEncoder = (typeof PULLABLE)[number];

/** Every encoder that `--encoder` knows. */
export const ENCODERS: readonly EncoderDefinition[] = [
  encoder('resnet50+efficientnet-lite4', 'ResNet50 and EfficientNet-Lite4 side by side (ships)', [
    RESNET50,
    EFFICIENTNET_LITE4,
  ]),
  encoder('resnet50', 'ResNet50, global average pool (ships)', [RESNET50]),
  encoder('efficientnet-lite4', 'EfficientNet-Lite4, global average pool (ships)', [EFFICIENTNET_LITE4]),
  encoder('vgg16', 'VGG16 fc7 of the ONNX Model Zoo (caption models pull vgg16)', [VGG16]),
  encoder('vgg16-int8', 'VGG16 fc7, quantised to 8 bits (caption models pull vgg16-int8)', [
    { ...VGG16, file: 'vgg16-12-int8.onnx' },
  ]),
  encoder('vgg19', 'VGG19 fc7 of the ONNX Model Zoo (caption models pull vgg19)', [
    zooVgg('vgg19-7.onnx', ['vgg0_dense1_relu_fwd', 'flatten_82']),
  ]),
  encoder('vgg16-caffe', 'VGG16 fc7 with the Oxford weights of neuraltalk (needs --encoder-file)', [
    {
      ...VGG16,
      file: 'vgg16-caffe.onnx',
      // Caffe's own name of the layer, and what Caffe2's exporter makes of it.
      features: ['relu7', 'fc7_3', ...VGG16.features],
      preprocessing: caffe(224),
    },
  ]),
];

/** The definition called `name`; a UserError lists the known names. */
export function encoderDefinition(name: string): EncoderDefinition {
  const found = ENCODERS.find((encoder) => encoder.name === name);
  if (found) return found;
  const known = ENCODERS.map((encoder) => encoder.name).join(', ');
  throw new UserError(`expected --encoder to be one of ${known} but got ${name}`);
}

/** Where the networks that ship with this package lie; the same path from src/vision and dist/vision. */
export const SHIPPED_NETWORKS = fileURLToPath(new URL('../../models/encoders', import.meta.url));

/** Where networks are looked for, in this order: in this package, then in the user's own folder. */
function networkFolders(): readonly string[] {
  return [SHIPPED_NETWORKS, homeFolders().encoders];
}

/**
 * The files of an encoder's networks, in order: `encoderFile` for an encoder of one network, else
 * those that lie in this package or in the user's own folder (or in `folders`, the user's own last).
 */
export function encoderFiles(
  definition: EncoderDefinition,
  options: { encoderFile?: string | undefined; folders?: readonly string[] } = {},
): string[] {
  const { encoderFile, folders = networkFolders() } = options;
  const { name, networks } = definition;
  if (encoderFile !== undefined) {
    if (networks.length !== 1) {
      throw new UserError(
        `expected no --encoder-file with encoder ${name}, which is made of ${networks.length} networks, but got ${encoderFile}`,
      );
    }
    return [encoderFile];
  }
  return networks.map(({ file }) => networkFile(file, folders) ?? missing(name, file, folders.at(-1)!));
}

/** The first of `folders` that has a network's file, with its name behind it. */
export function networkFile(file: string, folders: readonly string[]): string | undefined {
  return folders.map((folder) => join(folder, file)).find((path) => existsSync(path));
}

function missing(encoder: string, file: string, home: string): never {
  const byHand = `put ${file} into ${home} by hand, or name it with --encoder-file path`;
  const known = PULLABLE.some((name) => name === encoder);
  throw new UserError(
    `expected the network of encoder ${encoder} at ${join(home, file)} but there is no such file`,
    { hint: known ? `caption models pull ${encoder} gets it; or ${byHand}` : byHand },
  );
}
