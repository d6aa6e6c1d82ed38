import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Preprocessing } from '../../src/vision/definition.ts';
import { decodeImage, readPixels } from '../../src/vision/pixels.ts';

const PLAIN = { channels: 'RGB', scale: 1, mean: [0, 0, 0], std: [1, 1, 1] } as const;
const squash = (size: number): Preprocessing => ({ ...PLAIN, resize: { kind: 'squash' }, size });
const crop = (size: number, shortSide = size): Preprocessing => ({
  ...PLAIN,
  resize: { kind: 'crop', shortSide },
  size,
});

const RED = [255, 0, 0] as const;
const GREEN = [0, 255, 0] as const;
const BLUE = [0, 0, 255] as const;
const WHITE = [255, 255, 255] as const;
const BLACK = [0, 0, 0] as const;
type Colour = readonly number[];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caption-pixels-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A picture made of equal cells, each `cell` pixels wide and high. */
function cells(rows: readonly (readonly Colour[])[], cell: number, channels: 3 | 4 = 3): Sharp {
  const width = rows[0]!.length * cell;
  const height = rows.length * cell;
  const data = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      data.set(rows[Math.floor(y / cell)]![Math.floor(x / cell)]!, (y * width + x) * channels);
    }
  }
  return sharp(data, { raw: { width, height, channels } });
}

/** Top left red, top right green, bottom left blue, bottom right white: wrong turns and mirrors show. */
const QUARTERS = [
  [RED, GREEN],
  [BLUE, WHITE],
];

/** The colour at column x, row y of planar [3,size,size] pixels. */
function colourAt(pixels: Float32Array, x: number, y: number): number[] {
  const size = Math.sqrt(pixels.length / 3);
  return [0, 1, 2].map((c) => pixels[(c * size + y) * size + x]!);
}

function expectColour(pixels: Float32Array, x: number, y: number, wanted: Colour, tolerance = 0): void {
  const got = colourAt(pixels, x, y);
  for (const c of [0, 1, 2]) {
    expect(Math.abs(got[c]! - wanted[c]!), `(${x},${y}) is ${got}, not ${wanted}`).toBeLessThanOrEqual(
      tolerance,
    );
  }
}

function expectQuarters(pixels: Float32Array, tolerance = 0): void {
  expectColour(pixels, 4, 4, RED, tolerance);
  expectColour(pixels, 27, 4, GREEN, tolerance);
  expectColour(pixels, 4, 27, BLUE, tolerance);
  expectColour(pixels, 27, 27, WHITE, tolerance);
}

describe('every format gives the same picture', () => {
  const picture = () => cells(QUARTERS, 16);

  test.each([
    ['PNG', () => picture().png(), 0],
    ['palette PNG', () => picture().png({ palette: true, colours: 4 }), 0],
    ['JPEG', () => picture().jpeg({ quality: 95 }), 3],
    ['progressive JPEG', () => picture().jpeg({ quality: 95, progressive: true }), 3],
    ['lossless WebP', () => picture().webp({ lossless: true }), 0],
    ['AVIF', () => picture().avif({ quality: 95 }), 8],
    ['TIFF', () => picture().tiff({ compression: 'lzw' }), 0],
    ['GIF', () => picture().gif(), 0],
    ['16-bit PNG', () => picture().toColourspace('rgb16').png(), 0],
    ['16-bit TIFF', () => picture().toColourspace('rgb16').tiff({ compression: 'lzw' }), 0],
    ['opaque RGBA PNG', () => picture().ensureAlpha().png(), 0],
  ] as const)('%s', async (_, make, tolerance) => {
    expectQuarters(await readPixels(await make().toBuffer(), squash(32)), tolerance);
  });

  test('SVG', async () => {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="32" height="32">
      <rect width="16" height="16" fill="#f00"/><rect x="16" width="16" height="16" fill="#0f0"/>
      <rect y="16" width="16" height="16" fill="#00f"/></svg>`;
    // The bottom right is not painted at all: transparent, so white.
    expectQuarters(await readPixels(Buffer.from(svg), squash(32)));
  });

  test('CMYK JPEG', async () => {
    // Colours that inks can show.
    const muted = [
      [170, 70, 60],
      [90, 140, 80],
      [70, 90, 150],
      [255, 255, 255],
    ];
    const cmyk = await cells([muted], 16)
      .toColourspace('cmyk')
      .jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
      .toBuffer();
    expect((await sharp(cmyk).metadata()).space).toBe('cmyk');
    const pixels = await readPixels(cmyk, squash(64));
    for (const [i, colour] of muted.entries()) expectColour(pixels, 16 * i + 8, 32, colour, 25);
  });

  test.each(['png', 'jpeg'] as const)('grey %s', async (format) => {
    const grey = await cells(
      [
        [
          [40, 40, 40],
          [200, 200, 200],
        ],
      ],
      32,
    )
      .toColourspace('b-w')
      .toFormat(format)
      .toBuffer();
    expect((await sharp(grey).metadata()).channels).toBe(1);
    const pixels = await readPixels(grey, squash(32));
    expectColour(pixels, 4, 16, [40, 40, 40], 2);
    expectColour(pixels, 28, 16, [200, 200, 200], 2);
  });

  test('16-bit grey PNG', async () => {
    const grey = await cells([[[40, 40, 40]]], 32)
      .toColourspace('grey16')
      .png()
      .toBuffer();
    expect((await sharp(grey).metadata()).depth).toBe('ushort');
    expectColour(await readPixels(grey, squash(32)), 9, 9, [40, 40, 40], 2);
  });

  test('transparency lies over white', async () => {
    const rgba = cells(
      [
        [
          [255, 0, 0, 255],
          [255, 0, 0, 0],
          [0, 0, 0, 128],
        ],
      ],
      32,
      4,
    );
    const pixels = await readPixels(await rgba.png().toBuffer(), squash(48));
    expectColour(pixels, 6, 24, RED);
    expectColour(pixels, 24, 24, WHITE);
    expectColour(pixels, 42, 24, [127, 127, 127], 1);
  });

  test('an animated GIF gives its first frame', async () => {
    const frames = await Promise.all(
      [RED, BLUE].map((colour) =>
        cells([[colour]], 32)
          .png()
          .toBuffer(),
      ),
    );
    const gif = await sharp(frames, { join: { animated: true } })
      .gif()
      .toBuffer();
    expect((await sharp(gif).metadata()).pages).toBe(2);
    expectColour(await readPixels(gif, squash(32)), 16, 16, RED);
  });
});

describe('EXIF orientation', () => {
  // 3 x 2 cells: a turn that isn't undone also gives the wrong shape.
  const upright = [
    [RED, GREEN, GREEN],
    [BLUE, WHITE, BLACK],
  ];

  /** Where the file's first row and first column lie in the upright picture (EXIF 2.3, tag 0x0112). */
  const meaning: Record<number, { row: string; column: string }> = {
    1: { row: 'top', column: 'left' },
    2: { row: 'top', column: 'right' },
    3: { row: 'bottom', column: 'right' },
    4: { row: 'bottom', column: 'left' },
    5: { row: 'left', column: 'top' },
    6: { row: 'right', column: 'top' },
    7: { row: 'right', column: 'bottom' },
    8: { row: 'left', column: 'bottom' },
  };

  function stored(orientation: number): (readonly Colour[])[] {
    const { row, column } = meaning[orientation]!;
    const sides = [row, column];
    const rows = sides.includes('bottom') ? [...upright].reverse() : upright;
    const mirrored = rows.map((cells) => (sides.includes('right') ? [...cells].reverse() : cells));
    if (row === 'top' || row === 'bottom') return mirrored;
    return mirrored[0]!.map((_, x) => mirrored.map((cells) => cells[x]!));
  }

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('%i comes out upright', async (orientation) => {
    const file = await cells(stored(orientation), 16)
      .withMetadata({ orientation })
      .jpeg({ quality: 95 })
      .toBuffer();
    expect((await sharp(file).metadata()).orientation).toBe(orientation);

    const { width, height } = await decodeImage(file, 32);
    expect([width, height]).toEqual([48, 32]);
    const pixels = await readPixels(file, squash(48));
    expectColour(pixels, 8, 12, RED, 6);
    expectColour(pixels, 40, 12, GREEN, 6);
    expectColour(pixels, 8, 36, BLUE, 6);
    expectColour(pixels, 24, 36, WHITE, 6);
    expectColour(pixels, 40, 36, BLACK, 6);
  });
});

describe('from picture to numbers', () => {
  const pixel = () =>
    cells([[[10, 20, 200]]], 8)
      .png()
      .toBuffer();

  test('scale, mean and std are those of the channel, in the order of the channels', async () => {
    const pixels = await readPixels(await pixel(), {
      resize: { kind: 'squash' },
      size: 8,
      channels: 'RGB',
      scale: 1 / 255,
      mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225],
    });
    expect(pixels.length).toBe(3 * 8 * 8);
    // (10/255 - .485)/.229, (20/255 - .456)/.224, (200/255 - .406)/.225, worked out on paper.
    const [r, g, b] = colourAt(pixels, 3, 5);
    expect(r).toBeCloseTo(-1.946656, 5);
    expect(g).toBeCloseTo(-1.685574, 5);
    expect(b).toBeCloseTo(1.681394, 5);
  });

  test('Caffe order is BGR', async () => {
    const pixels = await readPixels(await pixel(), {
      resize: { kind: 'squash' },
      size: 8,
      channels: 'BGR',
      scale: 1,
      mean: [103.939, 116.779, 123.68],
      std: [1, 1, 1],
    });
    const [b, g, r] = colourAt(pixels, 0, 7);
    expect(b).toBeCloseTo(200 - 103.939, 4);
    expect(g).toBeCloseTo(20 - 116.779, 4);
    expect(r).toBeCloseTo(10 - 123.68, 4);
  });

  test('NHWC interleaves the channels', async () => {
    const pixels = await readPixels(await pixel(), squash(8), 'NHWC');
    expect([...pixels.subarray(0, 6)]).toEqual([10, 20, 200, 10, 20, 200]);
  });

  test('a picture of the right size is not touched', async () => {
    const noise = Buffer.from(Array.from({ length: 3 * 16 * 16 }, (_, i) => (i * 7919) % 256));
    const png = await sharp(noise, { raw: { width: 16, height: 16, channels: 3 } })
      .png()
      .toBuffer();
    for (const preprocessing of [squash(16), crop(16)]) {
      expect([...(await readPixels(png, preprocessing, 'NHWC'))]).toEqual([...noise]);
    }
  });

  test('shrinking averages: a fine checkerboard becomes grey, not stripes', async () => {
    const row = (n: number) => Array.from({ length: 128 }, (_, x) => ((x + n) % 2 ? WHITE : BLACK));
    const board = await cells(
      Array.from({ length: 128 }, (_, y) => row(y)),
      1,
    )
      .png()
      .toBuffer();
    const pixels = await readPixels(board, squash(16));
    expect(Math.min(...pixels)).toBeGreaterThan(115);
    expect(Math.max(...pixels)).toBeLessThan(140);
  });
});

describe('squash and crop', () => {
  // A wide picture: red, white, blue thirds.
  const wide = () =>
    cells([[RED, WHITE, BLUE]], 32)
      .png()
      .toBuffer();

  test('squash shows the whole picture', async () => {
    const pixels = await readPixels(await wide(), squash(30));
    expectColour(pixels, 2, 15, RED);
    expectColour(pixels, 15, 15, WHITE);
    expectColour(pixels, 27, 15, BLUE);
  });

  test('crop shows the middle in its proportions', async () => {
    const pixels = await readPixels(await wide(), crop(32));
    for (const x of [0, 15, 31]) expectColour(pixels, x, 16, WHITE);
  });

  test('the short side is brought to its length before the crop', async () => {
    // 96 x 32 goes to 192 x 64; the middle 32 x 32 lies within the white third.
    const pixels = await readPixels(await wide(), crop(32, 64));
    for (const x of [0, 31]) expectColour(pixels, x, 0, WHITE);
    // A tall picture likewise.
    const tall = await cells([[RED], [WHITE], [BLUE]], 32)
      .png()
      .toBuffer();
    expectColour(await readPixels(tall, crop(32)), 16, 0, WHITE);
    expectColour(await readPixels(tall, crop(32)), 16, 31, WHITE);
  });

  test('a large JPEG is brought down while it is decoded', async () => {
    const large = await cells(QUARTERS, 1000).jpeg({ quality: 90 }).toBuffer();
    const { width, height } = await decodeImage(large, 224);
    expect([width, height]).toEqual([448, 448]);
    expectQuarters(await readPixels(large, squash(32)), 4);
  });

  test('a strip of one pixel is no obstacle', async () => {
    const strip = await cells([Array.from({ length: 500 }, () => RED)], 1)
      .png()
      .toBuffer();
    for (const preprocessing of [squash(32), crop(32)]) {
      expectColour(await readPixels(strip, preprocessing), 16, 16, RED);
    }
  });
});

describe('what cannot be read', () => {
  const read = (name: string) => readPixels(join(folder, name), squash(32));

  test.each(['jpeg', 'png', 'webp'] as const)(
    'a truncated %s is an error that names the file',
    async (format) => {
      const noise = Buffer.from(Array.from({ length: 3 * 200 * 200 }, (_, i) => (i * 7919) % 251));
      const whole = await sharp(noise, { raw: { width: 200, height: 200, channels: 3 } })
        .toFormat(format)
        .toBuffer();
      await writeFile(join(folder, `cut.${format}`), whole.subarray(0, Math.floor(whole.length * 0.6)));
      await expect(read(`cut.${format}`)).rejects.toThrow(/^cannot read .*cut\.\w+ as an image: \S/);
      await expect(read(`cut.${format}`)).rejects.toMatchObject({ name: 'UserError' });
    },
  );

  test('a text file', async () => {
    await writeFile(join(folder, 'notes.jpg'), 'this is no picture\n');
    await expect(read('notes.jpg')).rejects.toThrow(
      /^cannot read .*notes\.jpg as an image: .*unsupported image format/,
    );
  });

  test('an empty file, a missing file, a directory', async () => {
    await writeFile(join(folder, 'empty.jpg'), '');
    await mkdir(join(folder, 'album'));
    await expect(read('empty.jpg')).rejects.toThrow(/^expected an image file but .*empty\.jpg is empty$/);
    await expect(read('none.jpg')).rejects.toThrow(/^expected an image file but .*none\.jpg does not exist$/);
    await expect(read('album')).rejects.toThrow(/^expected an image file but .*album is a directory$/);
    await expect(readPixels(new Uint8Array(0), squash(32))).rejects.toThrow(
      'expected an image but got no bytes',
    );
  });

  test('a picture with more pixels than memory should hold', async () => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="30000" height="30000"/>';
    await writeFile(join(folder, 'bomb.svg'), svg);
    await expect(read('bomb.svg')).rejects.toThrow(
      /^cannot read .*bomb\.svg as an image: .*exceeds pixel limit/,
    );
  });

  test('brackets in a file name are only a name', async () => {
    await writeFile(
      join(folder, 'photo[page=3].png'),
      await cells([[RED]], 8)
        .png()
        .toBuffer(),
    );
    expectColour(await read('photo[page=3].png'), 1, 1, RED);
  });
});

test('a mirrored view has every row the other way round', async () => {
  const photo = await cells(QUARTERS, 20).png().toBuffer();
  for (const plain of [squash(32), crop(32, 40)]) {
    const seen = await readPixels(photo, plain);
    const mirrored = await readPixels(photo, { ...plain, mirror: true });
    for (const [x, y] of [
      [2, 3],
      [29, 3],
      [2, 28],
      [29, 28],
    ] as const) {
      expect(colourAt(mirrored, 31 - x, y)).toEqual(colourAt(seen, x, y));
    }
  }
});
