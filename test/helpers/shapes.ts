import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { writeVggShaped } from './vgg-shaped.ts';

/** Half the size of the shape in each split, in pixels: nearly the same pictures, so that val agrees with train. */
const RADIUS = { train: 60, val: 58, test: 62 } as const;

const COLOURS = { red: '#e02020', green: '#20c020', blue: '#2030e0', yellow: '#e8e020' };

export interface ShapesOptions {
  readonly splits?: readonly (keyof typeof RADIUS)[];
}

/** A data set of eight drawn shapes in each split, and a VGG16-shaped network to see them with. */
export interface Shapes {
  readonly folder: string;
  /** `captions.jsonl` */
  readonly data: string;
  /** `vgg.onnx` */
  readonly network: string;
  /** Path and caption of each picture of split train. */
  readonly pictures: readonly { readonly path: string; readonly caption: string }[];
}

/** Writes the data set into a folder: captions.jsonl, images/ and vgg.onnx. */
export async function writeShapes(folder: string, { splits = ['train', 'val', 'test'] }: ShapesOptions = {}) {
  await mkdir(join(folder, 'images'), { recursive: true });
  const pictures = Object.entries(COLOURS).flatMap(([colour, fill]) =>
    ['circle', 'square'].flatMap((shape) => splits.map((split) => ({ colour, fill, shape, split }))),
  );
  const examples = await Promise.all(
    pictures.map(async ({ colour, fill, shape, split }) => {
      const image = `images/${colour}-${shape}-${split}.png`;
      await drawing(shape, fill, RADIUS[split]).toFile(join(folder, image));
      return { image, split, captions: [`A ${colour} ${shape} on a white wall.`] };
    }),
  );
  const data = join(folder, 'captions.jsonl');
  await writeFile(data, examples.map((example) => `${JSON.stringify(example)}\n`).join(''));
  const shapes: Shapes = {
    folder,
    data,
    network: await writeVggShaped(join(folder, 'vgg.onnx')),
    pictures: examples
      .filter(({ split }) => split === 'train')
      .map(({ image, captions }) => ({
        path: join(folder, image),
        caption: captions[0]!.toLowerCase().replace('.', ''),
      })),
  };
  return shapes;
}

function drawing(shape: string, fill: string, radius: number) {
  const figure =
    shape === 'circle'
      ? `<circle cx="100" cy="100" r="${radius}" fill="${fill}"/>`
      : `<rect x="${100 - radius}" y="${100 - radius}" width="${2 * radius}" height="${2 * radius}" fill="${fill}"/>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="200" height="200"><rect width="200" height="200" fill="#fff"/>${figure}</svg>`;
  return sharp(Buffer.from(svg)).png();
}

/** Options of `caption train` for a model that learns the shapes by heart in two seconds. */
export function trainingArguments(shapes: Shapes, out: string, epochs = 80): string[] {
  const sizes = ['--cell', 'gru', '--mode', 'merge', '--hidden-size', '48', '--embedding-size', '24'];
  const schedule = ['--learning-rate', '0.02', '--learning-rate-decay', '0.98', '--averaging', '0'];
  return [
    ...['train', '--data', shapes.data, '--out', out, '--threads', '1'],
    ...['--encoder', 'vgg16', '--encoder-file', shapes.network],
    ...['--min-count', '1', '--epochs', `${epochs}`, '--patience', `${epochs}`, '--batch-size', '4'],
    ...['--dropout', '0', ...sizes, ...schedule],
  ];
}
