import type { PullableEncoder } from '../vision/encoders.ts';

/** A file that `caption models pull` knows where to get. */
export interface CatalogueEntry {
  /** The name that it gets in the home folder: that of the encoder's network. */
  readonly file: string;
  readonly url: string;
  /** Exactly. */
  readonly bytes: number;
  readonly sha256: string;
  /** Who made it, and its licence, in one line. */
  readonly source: string;
}

/** What can be pulled, by the encoder's name. */
export type Catalogue = Readonly<Record<string, CatalogueEntry>>;

/**
 * The mirror of the ONNX Model Zoo that its authors name since its own downloads ended (1 July 2025). Sizes and
 * hashes are those of the zoo's manifest and LFS pointers.
 */
const ZOO =
  'https://huggingface.co/onnxmodelzoo/legacy_models/resolve/main/validated/vision/classification/vgg/model';

const SOURCE = 'ONNX Model Zoo, trained by Amazon AI with MXNet on ImageNet; Apache License 2.0';

export const CATALOGUE: Readonly<Record<PullableEncoder, CatalogueEntry>> = {
  vgg16: {
    file: 'vgg16-7.onnx',
    url: `${ZOO}/vgg16-7.onnx`,
    bytes: 553_437_328,
    sha256: 'f20805a3ecccaa88647bbab4ad011ff2412a9838485ea844de0fcbce349820b9',
    source: SOURCE,
  },
  'vgg16-int8': {
    file: 'vgg16-12-int8.onnx',
    url: `${ZOO}/vgg16-12-int8.onnx`,
    bytes: 138_407_238,
    sha256: '0d0a8e1d69f70404421e37dbad4f8bd21d42758e9f426bd5b39e9e4e9e1afa23',
    source: `${SOURCE}; quantised to 8 bits by Intel`,
  },
  vgg19: {
    file: 'vgg19-7.onnx',
    url: `${ZOO}/vgg19-7.onnx`,
    bytes: 574_677_321,
    sha256: '692f9f927f1df1b89033787a77a73eac59fd9b3344f9ecdf0b13221e41c2046f',
    source: SOURCE,
  },
};

/** What can be pulled under this name, if anything. */
export function catalogueEntry(name: string, catalogue: Catalogue = CATALOGUE): CatalogueEntry | undefined {
  return Object.hasOwn(catalogue, name) ? catalogue[name] : undefined;
}
