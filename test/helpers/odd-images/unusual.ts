import sharp, { type Sharp } from 'sharp';
import {
  BLACK,
  BLUE,
  DAMAGED,
  HEIGHT,
  JPEG_LOOKS,
  jpeg,
  looks,
  type Made,
  made,
  picture,
  plain,
  QUARTERS,
  RED,
  TOO_LARGE,
  WHITE,
  WIDTH,
} from './odd-image.ts';
import { hugePng, oneBitPng } from './png.ts';

export async function colours(): Promise<Made[]> {
  // Inks show no full red, green and blue.
  const muted = [[170, 70, 60], [90, 140, 80], [70, 90, 150], WHITE];
  const greys = [0, 90, 180, 255].map((value) => [value, value, value]);
  const seeThrough = [
    [...RED, 255],
    [...RED, 0],
    [...BLACK, 128],
    [...BLUE, 255],
  ];
  const cmyk = picture(muted).toColourspace('cmyk').jpeg({ quality: 95, chromaSubsampling: '4:4:4' });
  const wide = picture().withIccProfile('p3').png();
  const profile = await picture(muted)
    .withIccProfile('p3')
    .jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
    .toBuffer();
  profile.fill(0xaa, profile.indexOf('acsp') - 30, profile.indexOf('acsp') + 100);
  const spots = picture().joinChannel(
    [0, 1].map(() => Buffer.alloc(WIDTH * HEIGHT)),
    { raw: { width: WIDTH, height: HEIGHT, channels: 1 } },
  );
  return [
    made('cmyk.jpg', 'CMYK JPEG', await cmyk.toBuffer(), looks(muted, { tolerance: 25 })),
    made(
      'grey.jpg',
      'grey JPEG',
      await picture(greys).toColourspace('b-w').jpeg({ quality: 95 }).toBuffer(),
      looks(greys, { tolerance: 3 }),
    ),
    made(
      'progressive.jpg',
      'progressive JPEG',
      await picture().jpeg({ quality: 95, chromaSubsampling: '4:4:4', progressive: true }).toBuffer(),
      JPEG_LOOKS,
    ),
    made(
      'p3.png',
      'wide-gamut colour profile (P3)',
      await wide.toBuffer(),
      looks(QUARTERS, { tolerance: 4 }),
    ),
    made('bad-profile.jpg', 'damaged colour profile', profile, looks(muted, { tolerance: 40 })),
    made('sixteen.png', '16-bit PNG', await picture().toColourspace('rgb16').png().toBuffer(), looks()),
    made(
      'palette.png',
      'palette PNG',
      await picture().png({ palette: true, colours: 4 }).toBuffer(),
      looks(),
    ),
    made(
      'alpha.png',
      'PNG with alpha',
      await picture(seeThrough).png().toBuffer(),
      looks([RED, WHITE, [127, 127, 127], BLUE], { tolerance: 1 }),
    ),
    made(
      'clear.png',
      'fully transparent PNG',
      await picture(plain([0, 0, 0, 0]))
        .png()
        .toBuffer(),
      looks(plain(WHITE)),
    ),
    made(
      'one-bit.png',
      '1-bit PNG',
      await oneBitPng(),
      looks([BLACK, WHITE, BLACK, WHITE], { width: 16, height: 8 }),
    ),
    made('interlaced.png', 'interlaced PNG', await picture().png({ progressive: true }).toBuffer(), looks()),
    made(
      'float.tif',
      '32-bit float TIFF',
      await picture().toColourspace('scrgb').tiff({ compression: 'none' }).toBuffer(),
      looks(QUARTERS, { tolerance: 1 }),
    ),
    made('five.tif', 'TIFF of five channels', await spots.tiff({ compression: 'lzw' }).toBuffer(), DAMAGED),
    made('a.tiff', 'TIFF', await picture().tiff({ compression: 'lzw' }).toBuffer(), looks()),
    made(
      'a.avif',
      'AVIF',
      await picture().avif({ quality: 95, effort: 0, chromaSubsampling: '4:4:4' }).toBuffer(),
      looks(QUARTERS, { tolerance: 8 }),
    ),
    made('a.webp', 'WebP', await picture().webp({ lossless: true }).toBuffer(), looks()),
  ];
}

export async function sizes(): Promise<Made[]> {
  const solid = (width: number, height: number) => picture(plain(RED), width, height).png().toBuffer();
  const red = (width: number, height: number) => looks(plain(RED), { width, height });
  const claims = await jpeg();
  const size = claims.indexOf(Buffer.from([0xff, 0xc0])) + 5;
  claims.set([0xff, 0xdc, 0xff, 0xdc], size);
  return [
    made('one.png', '1x1', await solid(1, 1), red(1, 1)),
    made('tall.png', '1x20000', await solid(1, 20_000), red(1, 20_000)),
    made('wide.png', '20000x1', await solid(20_000, 1), red(20_000, 1)),
    // Enlarged for a crop it would have 10 million times 256 pixels.
    made('thread.png', '1x500000', await solid(1, 500_000), red(1, 500_000)),
    made('huge.png', '30,000x30,000', await hugePng(30_000, { interlaced: false }), TOO_LARGE),
    made(
      'huge-interlaced.png',
      '30,000x30,000, interlaced',
      await hugePng(30_000, { interlaced: true }),
      TOO_LARGE,
    ),
    made('claims.jpg', 'JPEG that claims 65,500x65,500', claims, TOO_LARGE),
  ];
}

export async function frames(): Promise<Made[]> {
  const both = await Promise.all([picture(), picture(plain(BLACK))].map((frame) => frame.png().toBuffer()));
  const all = () => sharp(both, { join: { animated: true } });
  return [
    made('animated.gif', 'animated GIF', await all().gif().toBuffer(), looks()),
    made('animated.webp', 'animated WebP', await all().webp({ lossless: true }).toBuffer(), looks()),
    made('pages.tif', 'TIFF of two pages', await all().tiff({ compression: 'lzw' }).toBuffer(), looks()),
  ];
}

/** Which quarter of the upright picture lies in each quarter of the stored one (EXIF 2.3, tag 0x0112). */
const STORED: Readonly<Record<number, readonly number[]>> = {
  1: [0, 1, 2, 3],
  2: [1, 0, 3, 2],
  3: [3, 2, 1, 0],
  4: [2, 3, 0, 1],
  5: [0, 2, 1, 3],
  6: [1, 3, 0, 2],
  7: [3, 1, 2, 0],
  8: [2, 0, 3, 1],
};

export async function turned(): Promise<Made[]> {
  const valid = Object.entries(STORED).map(async ([orientation, order]) => {
    const sides = Number(orientation) < 5 ? ([WIDTH, HEIGHT] as const) : ([HEIGHT, WIDTH] as const);
    const bytes = await withOrientation(
      Number(orientation),
      picture(
        order.map((i) => QUARTERS[i]!),
        ...sides,
      ),
    );
    return made(`exif-${orientation}.jpg`, `EXIF orientation ${orientation}`, bytes, JPEG_LOOKS);
  });
  const invalid = await withOrientation(9, picture());
  return [
    ...(await Promise.all(valid)),
    made('exif-9.jpg', 'EXIF orientation 9, which means nothing', invalid, JPEG_LOOKS),
  ];
}

async function withOrientation(orientation: number, image: Sharp): Promise<Buffer> {
  const bytes = await image
    .withMetadata({ orientation: 1 })
    .jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
    .toBuffer();
  // Tag 0x0112 of type 3 (16 bits), once, little-endian; its value is the ninth byte.
  const tag = bytes.indexOf(Buffer.from([0x12, 0x01, 3, 0, 1, 0, 0, 0]));
  bytes[tag + 8] = orientation;
  return bytes;
}
