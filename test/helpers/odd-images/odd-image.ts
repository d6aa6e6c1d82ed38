import sharp, { type Sharp } from 'sharp';

export type Colour = readonly number[];

/** What the upright picture must look like. */
interface Look {
  readonly width: number;
  readonly height: number;
  /** Colours in the middle of its quarters: top left, top right, bottom left, bottom right. */
  readonly quarters: readonly Colour[];
  /** Largest difference of a channel, of 255. */
  readonly tolerance: number;
}

/** A picture to caption, or the sentence that refuses it, with `it` for the name of the file. */
export type Outcome = { readonly looks: Look } | { readonly error: string };

export interface OddImage {
  readonly file: string;
  readonly kind: string;
  readonly outcome: Outcome;
}

/** A file with what is in it. */
export type Made = OddImage & { readonly bytes: Uint8Array };

export const made = (file: string, kind: string, bytes: Uint8Array | string, outcome: Outcome): Made => ({
  file,
  kind,
  bytes: typeof bytes === 'string' ? Buffer.from(bytes) : bytes,
  outcome,
});

export const RED = [255, 0, 0];
export const GREEN = [0, 255, 0];
export const BLUE = [0, 0, 255];
export const WHITE = [255, 255, 255];
export const BLACK = [0, 0, 0];
/** Wrong turns and mirrors show in it. */
export const QUARTERS = [RED, GREEN, BLUE, WHITE];
export const [WIDTH, HEIGHT] = [48, 32];

/** A picture of four equal parts, of as many channels as its colours have. */
export function picture(quarters: readonly Colour[] = QUARTERS, width = WIDTH, height = HEIGHT): Sharp {
  const channels = quarters[0]!.length as 1 | 2 | 3 | 4;
  const data = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const quarter = quarters[(2 * y < height ? 0 : 2) + (2 * x < width ? 0 : 1)]!;
      data.set(quarter, (y * width + x) * channels);
    }
  }
  return sharp(data, { raw: { width, height, channels } });
}

/** A picture that doesn't compress to nothing, so that there is something to cut. */
export function rough(): Sharp {
  const data = Buffer.from(Array.from({ length: 3 * 200 * 150 }, (_, i) => (i * 7919) % 251));
  return sharp(data, { raw: { width: 200, height: 150, channels: 3 } });
}

export function looks(
  quarters: readonly Colour[] = QUARTERS,
  { width = WIDTH, height = HEIGHT, tolerance = 0 } = {},
): Outcome {
  return { looks: { width, height, quarters, tolerance } };
}

export const plain = (colour: Colour) => [colour, colour, colour, colour];
export const refused = (error: string): Outcome => ({ error });
export const notRead = (reason: string) => refused(`cannot read it as an image: ${reason}`);

export const DAMAGED = notRead('it is damaged, cut short or of an unusual kind');
export const UNKNOWN = notRead('Input buffer contains unsupported image format');
export const TOO_LARGE = notRead('it is too large (exceeds pixel limit 268,435,456)');
export const JPEG_LOOKS = looks(QUARTERS, { tolerance: 4 });

export const jpeg = () => picture().jpeg({ quality: 95, chromaSubsampling: '4:4:4' }).toBuffer();
