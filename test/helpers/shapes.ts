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
export async function writeShapes(
  folder: string,
  { splits = ['train', 'val', 'test'] }: ShapesOptions = {},
): Promise<Shapes> {
  await mkdir(join(folder, 'images'), { recursive: true });
  const drawings = KINDS.flatMap((kind) => splits.map((split) => ({ ...kind, split })));
  const examples = await Promise.all(
    drawings.map(async ({ colour, shape, split }) => {
      const image = imageOf(colour, shape, split);
      await drawing(shape, COLOURS[colour], RADIUS[split]).toFile(join(folder, image));
      return { image, split, captions: [`A ${colour} ${shape} on a white wall.`] };
    }),
  );
  const shapes = shapesIn(folder);
  await writeFile(shapes.data, examples.map((example) => `${JSON.stringify(example)}\n`).join(''));
  await writeVggShaped(shapes.network);
  return shapes;
}

/** What `writeShapes` wrote into a folder. */
export function shapesIn(folder: string): Shapes {
  return {
    folder,
    data: join(folder, 'captions.jsonl'),
    network: join(folder, 'vgg.onnx'),
    pictures: KINDS.map(({ colour, shape }) => ({
      path: join(folder, imageOf(colour, shape, 'train')),
      caption: `a ${colour} ${shape} on a white wall`,
    })),
  };
}

const KINDS = (Object.keys(COLOURS) as (keyof typeof COLOURS)[]).flatMap((colour) =>
  ['circle', 'square'].map((shape) => ({ colour, shape })),
);

function imageOf(colour: string, shape: string, split: string): string {
  return `images/${colour}-${shape}-${split}.png`;
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
