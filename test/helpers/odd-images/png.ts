import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { createDeflate } from 'node:zlib';

/** Where each pass of an interlaced PNG starts and how far apart its pixels are: x, y, dx, dy (PNG 3rd edition, 8.2). */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** A 1-bit grey PNG of 16 x 8 pixels: the left half black, the right half white. sharp writes 1-bit palettes only. */
export function oneBitPng(): Promise<Buffer> {
  const row = [0, 0x00, 0xff];
  return png(16, 8, false, [Buffer.from(Array.from({ length: 8 }, () => row).flat())]);
}

/** A black square of `side` pixels each way in 1 bit each: all of it is there, in some hundred kilobytes. */
export function hugePng(side: number, { interlaced }: { readonly interlaced: boolean }): Promise<Buffer> {
  const passes = interlaced ? ADAM7 : [[0, 0, 1, 1] as const];
  let length = 0;
  for (const [x, y, dx, dy] of passes) {
    const filterAndPixels = 1 + Math.ceil(Math.ceil((side - x) / dx) / 8);
    length += filterAndPixels * Math.ceil((side - y) / dy);
  }
  return png(side, side, interlaced, zeros(length));
}

function* zeros(length: number): Generator<Buffer> {
  const piece = Buffer.alloc(2 ** 20);
  for (let left = length; left > 0; left -= piece.length)
    yield piece.subarray(0, Math.min(left, piece.length));
}

/** A PNG of 1-bit grey from its rows, each with its filter byte. */
async function png(
  width: number,
  height: number,
  interlaced: boolean,
  rows: Iterable<Buffer>,
): Promise<Buffer> {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([1, 0, 0, 0, interlaced ? 1 : 0], 8);
  const pixels = await buffer(Readable.from(rows).pipe(createDeflate({ level: 1 })));
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', pixels),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}

/** CRC-32 of PNG and zip, bit by bit. (Node's own came with 20.15.) */
function crc32(data: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
