import type { ImageSource } from '../../vision/image-bytes.ts';
import type { Caption } from '../caption.ts';

/** A photograph and what was written for it. */
export interface CaptionedPhoto {
  /** As the user would name it: relative to the working folder, or absolute; `-` for standard input. */
  readonly path: string;
  /** Where its pixels are: the path, or the bytes that came from standard input. */
  readonly source: ImageSource;
  /** Best first; at least one. */
  readonly captions: readonly Caption[];
}

/** Where captions go: a stream, one document for all photographs, or a sidecar file for each. */
export interface CaptionWriter {
  /**
   * Whether the photograph has a caption there that is to be left alone.
   *
   * @throws UserError where what is there can't be understood, so that the photograph has to be left out
   */
  has(path: string): Promise<boolean>;
  /**
   * Writes a photograph's captions. When it resolves they are on disk, or in the pipe. It may be called again
   * before that; one document has the photographs in the order of the calls.
   *
   * @throws UserError where they can't be written; what was written before is whole
   */
  write(photo: CaptionedPhoto): Promise<void>;
  /** Ends the output. To be called once, also after a failure or when work was broken off. */
  close(): Promise<void>;
}
