import sharp from 'sharp';
import { InternalError, messageOf, UserError } from '../errors.ts';
import type { Preprocessing } from './definition.ts';
import { type ImageSource, readImageBytes } from './image-bytes.ts';

/** An upright 8-bit sRGB picture: width * height pixels, rows from the top, R G B interleaved. */
export interface DecodedImage {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

type Layout = 'NCHW' | 'NHWC';

// Thousands of different files, each read once: a cache would only cost memory (and serve stale files).
sharp.cache(false);
// Many images are decoded side by side, so one thread each is enough and leaves the cores to the network.
sharp.concurrency(1);

/** Cubic (Catmull-Rom), widened when shrinking, so every source pixel counts: antialiased. */
const KERNEL = 'cubic';

/** Larger pictures are refused by what their header says, before any memory is taken for them. */
const MOST_PIXELS = 2 ** 28;

/** What is read in spite of a few flaws is read for a thumbnail as well. */
const READING = { failOn: 'error', limitInputPixels: MOST_PIXELS } as const;

/** How many times longer than wide a picture may be before it is a strip, of which a crop needs the middle only. */
const STRIP = 100;

/**
 * Decodes any file that sharp reads (JPEG, PNG, WebP, TIFF, AVIF, SVG, the first frame of a GIF) to
 * upright 8-bit sRGB: EXIF orientation applied, transparency over white, colour profiles, grey, CMYK
 * and 16 bits converted. A picture whose short side is over `2 * enough` pixels is brought down to
 * that, mostly inside the JPEG decoder, which makes a 12-megapixel photograph cheap. A file that is
 * cut short is refused; a spot within a whole JPEG that is damaged is not (PNG and WebP can't be read past one).
 *
 * Throws a UserError that names the file when it is missing, empty, cut short, too large or no image.
 * @param name what messages call the image
 */
export async function decodeImage(
  source: ImageSource,
  enough: number,
  name = typeof source === 'string' ? source : 'the given bytes',
): Promise<DecodedImage> {
  const bytes = await readImageBytes(source);
  try {
    const { data, info } = await sharp(bytes, READING)
      .autoOrient()
      .flatten({ background: '#ffffff' })
      .resize({
        width: 2 * enough,
        height: 2 * enough,
        fit: 'outside',
        withoutEnlargement: true,
        kernel: KERNEL,
      })
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) throw new InternalError(`expected 3 channels but got ${info.channels}`);
    return { data, width: info.width, height: info.height };
  } catch (error) {
    if (error instanceof InternalError) throw error;
    throw notAnImage(name, bytes, error);
  }
}

/**
 * A small upright WebP picture of an image, for a page that shows many: at most `side` pixels each way.
 * Throws a UserError as `decodeImage` does.
 */
export async function thumbnail(source: ImageSource, side: number): Promise<Uint8Array> {
  const bytes = await readImageBytes(source);
  try {
    return await sharp(bytes, READING)
      .autoOrient()
      .flatten({ background: '#ffffff' })
      .resize({ width: side, height: side, fit: 'inside', withoutEnlargement: true })
      .webp({ quality: 50 })
      .toBuffer();
  } catch (error) {
    throw notAnImage(typeof source === 'string' ? source : 'the given bytes', bytes, error);
  }
}

/** Resizes a decoded image and normalises it: 3 * size * size floats in the given layout. */
export async function preparePixels(
  image: DecodedImage,
  preprocessing: Preprocessing,
  layout: Layout = 'NCHW',
): Promise<Float32Array> {
  return normalise(await resize(image, preprocessing), preprocessing, layout);
}

/** Decodes an image and prepares it for one network: [3,size,size] values, scaled and normalised. */
export async function readPixels(
  source: ImageSource,
  preprocessing: Preprocessing,
  layout: Layout = 'NCHW',
): Promise<Float32Array> {
  return preparePixels(await decodeImage(source, sideNeeded(preprocessing)), preprocessing, layout);
}

/** Short side, in pixels, that a decoded image should have at least for this preprocessing. */
export function sideNeeded({ resize, size }: Preprocessing): number {
  return resize.kind === 'crop' ? resize.shortSide : size;
}

/** The size x size picture that the network sees, still 8-bit RGB. */
async function resize(
  { data, width, height }: DecodedImage,
  preprocessing: Preprocessing,
): Promise<Uint8Array> {
  const { size, resize, mirror = false } = preprocessing;
  const picture = sharp(data, { raw: { width, height, channels: 3 } });
  if (resize.kind === 'squash') {
    picture.resize({ width: size, height: size, fit: 'fill', kernel: KERNEL });
  } else {
    // The whole of a strip would be enlarged to more pixels than libvips can count.
    const longest = STRIP * Math.min(width, height);
    const [middle, fromLeft] = middleOf(width, longest);
    const [centre, fromTop] = middleOf(height, longest);
    picture.extract({ left: fromLeft, top: fromTop, width: middle, height: centre });
    const ratio = resize.shortSide / Math.min(width, height);
    const wide = Math.round(middle * ratio);
    const high = Math.round(centre * ratio);
    picture.resize({ width: wide, height: high, fit: 'fill', kernel: KERNEL }).extract({
      left: Math.floor((wide - size) / 2),
      top: Math.floor((high - size) / 2),
      width: size,
      height: size,
    });
  }
  return picture.flop(mirror).raw().toBuffer();
}

/** Length of the middle of a side that is no longer than `longest`, and where it starts. */
function middleOf(side: number, longest: number): [length: number, start: number] {
  const length = Math.min(side, longest);
  return [length, Math.floor((side - length) / 2)];
}

/** (value * scale - mean) / std per channel, in the network's channel order and layout. */
function normalise(rgb: Uint8Array, preprocessing: Preprocessing, layout: Layout): Float32Array {
  const { channels, scale, mean, std } = preprocessing;
  const pixels = rgb.length / 3;
  const values = new Float32Array(rgb.length);
  for (let c = 0; c < 3; c++) {
    // Only 256 different values can occur: look them up.
    const table = Float32Array.from({ length: 256 }, (_, value) => (value * scale - mean[c]!) / std[c]!);
    const from = channels === 'RGB' ? c : 2 - c;
    const [start, step] = layout === 'NCHW' ? [c * pixels, 1] : [c, 3];
    for (let i = 0; i < pixels; i++) values[start + i * step] = table[rgb[i * 3 + from]!]!;
  }
  return values;
}

/**
 * Why an image can't be read. Of what was thrown only sharp's own words count: libvips collects the errors of all
 * threads in one place, so with several images under way its words may be about another file, or missing.
 */
function reasonOf(bytes: Uint8Array, cause: unknown): string {
  const said = messageOf(cause);
  if (/pixel limit/.test(said)) {
    return `it is too large (exceeds pixel limit ${MOST_PIXELS.toLocaleString('en')})`;
  }
  if (isHeic(bytes)) return 'it is a HEIC photograph, which has to be converted to JPEG first';
  if (/^Input buffer contains unsupported image format/.test(said)) return said;
  return 'it is damaged, cut short or of an unusual kind';
}

/** Whether a file is of the format of Apple's phones, by its brand (ISO/IEC 23008-12): sharp has no HEVC decoder. */
function isHeic(bytes: Uint8Array): boolean {
  return /^ftyp(heic|heix|heim|heis|hevc|hevx)$/.test(Buffer.from(bytes.subarray(4, 12)).toString('latin1'));
}

function notAnImage(name: string, bytes: Uint8Array, cause: unknown): UserError {
  return new UserError(`cannot read ${name} as an image: ${reasonOf(bytes, cause)}`, {
    hint: 'JPEG, PNG, WebP, TIFF, GIF, AVIF and SVG files can be read',
    cause,
  });
}
