/** What an image is for: fitting the weights, choosing among models, reporting once. */
export type Split = 'train' | 'val' | 'test';

/** One photograph and the sentences that people wrote about it. */
export interface CaptionedImage {
  /** Absolute path of the photograph. */
  readonly image: string;
  /**
   * Name of the photograph as the caption file gives it, with forward slashes: unique in the data set
   * and the same wherever the photographs lie, so features are kept under it.
   */
  readonly key: string;
  /** Undefined where the data set doesn't say. */
  readonly split: Split | undefined;
  /** At least one, trimmed, none blank. */
  readonly captions: readonly string[];
  /** COCO's image id, which result files refer to. */
  readonly id?: number;
}

/** A captioned data set, in the order of its file. */
export interface Dataset {
  /** For messages and reports: the name of the file or folder. */
  readonly name: string;
  /** Absolute path of the folder that the caption file lies in. */
  readonly root: string;
  readonly examples: readonly CaptionedImage[];
}
