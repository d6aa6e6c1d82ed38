/** A sentence for an image. */
export interface Caption {
  readonly text: string;
  /** log P(caption | image), natural logarithm. */
  readonly logProb: number;
}
