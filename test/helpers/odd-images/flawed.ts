import {
  DAMAGED,
  JPEG_LOOKS,
  jpeg,
  looks,
  type Made,
  made,
  notRead,
  picture,
  plain,
  refused,
  rough,
  UNKNOWN,
} from './odd-image.ts';

export async function cutShort(): Promise<Made[]> {
  const whole = {
    jpg: await rough().jpeg().toBuffer(),
    png: await rough().png().toBuffer(),
    webp: await rough().webp().toBuffer(),
  };
  const cuts = Object.entries(whole).flatMap(([format, bytes]) =>
    Object.entries({
      'in its header': 20,
      'at 10 %': Math.floor(bytes.length / 10),
      'at 50 %': Math.floor(bytes.length / 2),
      // Within the last of the pixels; a PNG and a JPEG have a mark of 12 and 2 bytes after them.
      'just before its end': bytes.length - (format === 'png' ? 20 : 3),
    }).map(([where, length], i) =>
      made(`cut-${i}.${format}`, `${format} that ends ${where}`, bytes.subarray(0, length), DAMAGED),
    ),
  );
  const half = async (image: Promise<Buffer>) => {
    const bytes = await image;
    return bytes.subarray(0, Math.floor(bytes.length / 2));
  };
  const png = await picture().png().toBuffer();
  const jpg = await jpeg();
  return [
    ...cuts,
    made(
      'cut-progressive.jpg',
      'half a progressive JPEG',
      await half(rough().jpeg({ progressive: true }).toBuffer()),
      DAMAGED,
    ),
    made('cut.gif', 'half a GIF', await half(rough().gif().toBuffer()), DAMAGED),
    made('cut.avif', 'half an AVIF', await half(rough().avif({ effort: 0 }).toBuffer()), DAMAGED),
    // A TIFF's table of contents may be its end; without it libvips doesn't know the file for a TIFF.
    made('cut.tif', 'half a TIFF', await half(rough().tiff({ compression: 'lzw' }).toBuffer()), UNKNOWN),
    made('no-end-mark.jpg', 'JPEG without its end mark', jpg.subarray(0, -2), DAMAGED),
    made('no-end-chunk.png', 'PNG without its end, all pixels there', png.subarray(0, -12), looks()),
  ];
}

export async function damaged(): Promise<Made[]> {
  const jpg = await jpeg();
  const scan = await rough().jpeg().toBuffer();
  const progressive = await rough().jpeg({ progressive: true }).toBuffer();
  const png = await picture().png().toBuffer();
  const pixels = png.indexOf('IDAT') + 12;
  /** A copy with other bytes at one place. */
  const patched = (bytes: Uint8Array, at: number, ...others: number[]) => {
    const copy = Buffer.from(bytes);
    copy.set(others, at);
    return copy;
  };
  const middle = (bytes: Uint8Array) => Math.floor(bytes.length / 2);
  const grey = looks(plain([125, 125, 125]), { width: 200, height: 150, tolerance: 100 });
  const size = jpg.indexOf(Buffer.from([0xff, 0xc0])) + 5;
  return [
    made('empty.jpg', 'empty', '', refused('expected an image file but it is empty')),
    made(
      'garbage-after.jpg',
      'JPEG with garbage after its end',
      Buffer.concat([jpg, Buffer.alloc(5000, 7)]),
      JPEG_LOOKS,
    ),
    made(
      'garbage-before.jpg',
      'JPEG with garbage before it',
      Buffer.concat([Buffer.alloc(10, 7), jpg]),
      UNKNOWN,
    ),
    // A decoder shows the rest shifted or grey, as every viewer does: better a caption than none.
    made('one-byte.jpg', 'JPEG with one wrong byte in its scan', patched(scan, middle(scan), 0x55), grey),
    made(
      'early-end.jpg',
      'JPEG whose end mark comes too early',
      patched(scan, middle(scan), 0xff, 0xd9),
      grey,
    ),
    made(
      'mark.jpg',
      'progressive JPEG with a wrong mark in a scan',
      patched(progressive, middle(progressive), 0xff, 0x35),
      DAMAGED,
    ),
    made('first-mark.jpg', 'JPEG whose first table is lost', patched(jpg, 2, 0), DAMAGED),
    made('no-rows.jpg', 'JPEG that claims no rows', patched(jpg, size, 0, 0), DAMAGED),
    made(
      'one-byte.png',
      'PNG with one wrong byte in its pixels',
      patched(png, pixels, png[pixels]! ^ 0xff),
      DAMAGED,
    ),
    made('header.png', 'PNG with one wrong byte in its header', patched(png, 29, png[29]! ^ 0xff), DAMAGED),
  ];
}

export async function noImages(): Promise<Made[]> {
  const png = await picture().png().toBuffer();
  const random = await rough().raw().toBuffer();
  const zip = Buffer.concat([Buffer.from('PK\x05\x06', 'latin1'), Buffer.alloc(18)]);
  const page = '<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head><body>nginx</body></html>\n';
  // Size and brand of the first box of what an iPhone writes.
  const heic = Buffer.concat([
    Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'),
    random.subarray(0, 200),
  ]);
  return [
    made('png.jpg', 'PNG called .jpg', png, looks()),
    made('JPEG.PNG', 'JPEG called .PNG', await jpeg(), JPEG_LOOKS),
    made('text.jpg', 'text', 'this is no picture\n', UNKNOWN),
    made('zip.jpg', 'zip', zip, UNKNOWN),
    made('page.jpg', 'HTML error page', page, UNKNOWN),
    made('random.jpg', 'random bytes', random.subarray(0, 5000), UNKNOWN),
    made('zeros.jpg', 'zero bytes, as a crash leaves them', Buffer.alloc(5000), UNKNOWN),
    made('document.jpg', 'PDF', '%PDF-1.4\n%âãÏÓ\n', UNKNOWN),
    made(
      'phone.jpg',
      'HEIC',
      heic,
      notRead('it is a HEIC photograph, which has to be converted to JPEG first'),
    ),
  ];
}
