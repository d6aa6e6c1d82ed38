import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { sha256 } from '../../src/files/sha256.ts';
import type { HttpServer } from './http-server.ts';
import type { Shapes } from './shapes.ts';
import { zipOf } from './zip-file.ts';

/** A COCO of drawn shapes in the layout of the real one. */
export interface SmallCoco {
  /** `train2017/000000000001.jpg` -> bytes. */
  readonly images: ReadonlyMap<string, Uint8Array>;
  /** `captions_train2017.json` and `captions_val2017.json`. */
  readonly annotations: Readonly<Record<string, string>>;
  /** The archive with both, and what else such an archive has. */
  readonly zip: Uint8Array;
  /** SHA-256 of the archive. */
  readonly sha256: string;
}

/** 8 images in train2017 and 16 in val2017, with two captions each. */
export async function smallCoco(shapes: Shapes): Promise<SmallCoco> {
  const images = new Map<string, Uint8Array>();
  const annotations: Record<string, string> = {};
  let id = 0;
  for (const [subset, splits] of [
    ['train2017', ['train']],
    ['val2017', ['val', 'test']],
  ] as const) {
    const entries: object[] = [];
    const captions: object[] = [];
    for (const { path, caption } of splits.flatMap((split) => picturesOf(shapes, split))) {
      id++;
      const name = `${String(id).padStart(12, '0')}.jpg`;
      images.set(`${subset}/${name}`, await jpegOf(path));
      const address = `http://images.cocodataset.org/${subset}/${name}`;
      entries.push({ license: 4, file_name: name, coco_url: address, height: 200, width: 200, id });
      captions.push({ image_id: id, id: 10 * id, caption: `A ${caption.slice(2)}.` });
      captions.push({ image_id: id, id: 10 * id + 1, caption: `There is ${caption}\n` });
    }
    const file = { info: { year: 2017 }, licenses: [], images: entries, annotations: captions };
    annotations[`captions_${subset}.json`] = JSON.stringify(file);
  }
  const inFolder = Object.entries(annotations).map(([name, text]) => [`annotations/${name}`, text]);
  const zip = zipOf({ 'annotations/instances_val2017.json': '{}', ...Object.fromEntries(inFolder) });
  return { images, annotations, zip, sha256: sha256(zip) };
}

/** Serves it as COCO's own server does. */
export function serveCoco(server: HttpServer, { images, zip }: SmallCoco): void {
  for (const [key, bytes] of images) server.put(`/${key}`, bytes);
  server.put('/annotations/annotations_trainval2017.zip', zip);
}

function picturesOf({ pictures }: Shapes, split: string): Shapes['pictures'] {
  return pictures.map(({ path, caption }) => ({ path: path.replace('-train.', `-${split}.`), caption }));
}

async function jpegOf(path: string): Promise<Uint8Array> {
  return sharp(await readFile(path))
    .jpeg({ quality: 90 })
    .toBuffer();
}
