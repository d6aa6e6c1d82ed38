/** Where COCO lies, how much it is, and which of it a model can be trained on. */

/** A zip file with annotations, as its makers serve it. */
export interface Archive {
  readonly url: string;
  readonly bytes: number;
  readonly sha256: string;
  /** The files in it that hold captions. */
  readonly files: readonly string[];
  /** About as many bytes as these have together. */
  readonly unpacked: number;
}

/** Images to train on, and others to validate and test with. */
export interface Source {
  readonly archive: Archive;
  /**
   * - `files`: the first file's images to learn from, the second's for validation and test;
   * - `shares`: the one file's images, 80 % to learn from, 10 % for validation, 10 % for test;
   * - `own`: the splits that the file itself names.
   */
  readonly splitBy: 'files' | 'shares' | 'own';
  /** Annotation files, of those in the archive. */
  readonly files: readonly string[];
  /** Images to learn from, where nobody asks for another number; all if not given. */
  readonly images?: number;
  /** Images in all: to learn from (in all, for `shares`), validation and test. */
  readonly has: { readonly train: number; readonly other: number };
}

/** What whoever downloads one image after another expects of each: train2017.zip has 19.3 GB of 118,287. */
export const IMAGE_BYTES = 163_500;
export const IMAGE_SERVER = 'http://images.cocodataset.org';

const ANNOTATIONS = `${IMAGE_SERVER}/annotations`;

const INSTANCES_2017: Archive = {
  url: `${ANNOTATIONS}/annotations_trainval2017.zip`,
  bytes: 252_907_541,
  sha256: '113a836d90195ee1f884e704da6304dfaaecff1f023f49b6ca93c4aaae470268',
  files: ['captions_train2017.json', 'captions_val2017.json'],
  unpacked: 100e6,
};

const INSTANCES_2014: Archive = {
  url: `${ANNOTATIONS}/annotations_trainval2014.zip`,
  bytes: 252_872_794,
  sha256: '031296bbc80c45a1d1f76bf9a90ead27e94e99ec629208449507a4917a3bf009',
  files: ['captions_train2014.json', 'captions_val2014.json'],
  unpacked: 100e6,
};

const KARPATHY: Archive = {
  url: 'https://cs.stanford.edu/people/karpathy/deepimagesent/caption_datasets.zip',
  bytes: 36_745_453,
  sha256: '4cfd70132527b80933105e5829dc9034eaab9573482e2e680abbab6130244817',
  files: ['dataset_coco.json'],
  unpacked: 150e6,
};

/** All of train2017 would be 19 GB: who wants that may say so. */
const SOME = 5000;

export const SOURCES = {
  train2017: {
    archive: INSTANCES_2017,
    splitBy: 'files',
    files: INSTANCES_2017.files,
    images: SOME,
    has: { train: 118_287, other: 5_000 },
  },
  val2017: {
    archive: INSTANCES_2017,
    splitBy: 'shares',
    files: ['captions_val2017.json'],
    has: { train: 5_000, other: 0 },
  },
  train2014: {
    archive: INSTANCES_2014,
    splitBy: 'files',
    files: INSTANCES_2014.files,
    images: SOME,
    has: { train: 82_783, other: 40_504 },
  },
  karpathy: {
    archive: KARPATHY,
    splitBy: 'own',
    files: KARPATHY.files,
    has: { train: 113_287, other: 10_000 },
  },
} satisfies Record<string, Source>;

export type SourceName = keyof typeof SOURCES;
