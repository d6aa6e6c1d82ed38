import type { Command } from 'commander';
import { findImages, STDIN } from '../captioning/inputs.ts';
import { checkImages } from '../dataset/images.ts';
import { looksLikeDataset, readDataset } from '../dataset/read.ts';
import { UserError } from '../errors.ts';
import { addMachineOptions, newCommand } from './command.ts';
import {
  addEncoderOptions,
  DEFAULT_ENCODER,
  type EncoderFlags,
  extractWithProgress,
  loadEncoder,
} from './extraction.ts';
import { reportProblems } from './failures.ts';
import { Interrupt } from './interrupt.ts';
import { count, say } from './terminal.ts';

interface FeaturesFlags extends EncoderFlags {
  readonly out: string;
  readonly imagesDir?: string;
  readonly recursive?: boolean;
  readonly mirror?: boolean;
  readonly float16?: boolean;
}

interface KeyedImage {
  readonly key: string;
  readonly source: string;
}

const HELP = `
A data set is a .jsonl, .json, .txt or .csv file of captions, or a folder that
holds one; its images are kept under the names it gives them, so that
caption train --features finds them. Other images are kept under their paths.

The matrix is float32 [images, F], as numpy.load reads it; the names of its rows
are beside it in <name>.index.jsonl, one a line, behind a line about the encoder.
With --float16 it takes half the space; training and evaluation read either.
The same call again adds only images that are new or changed: that is how to go on
after Ctrl-C.

Examples:
  # The features that training needs, made once
  caption features flickr8k/ --out flickr8k.npy

  # The same photographs mirrored, a second view to train on
  caption features flickr8k/ --out mirrored.npy --mirror
  caption train --data flickr8k/ --features flickr8k.npy --mirrored-features mirrored.npy --out mine

  # Of a folder of images, with VGG16 of the ONNX Model Zoo
  caption models pull vgg16
  caption features photos/ --out photos.npy --encoder vgg16

Exit status: 0 all images done, 1 some could not be read (each is named), 2 wrong
call, 70 a bug of caption, 130 interrupted by Ctrl-C
`;

/** `caption features <images...|dataset> --out file.npy`. */
export function featuresCommand(): Command {
  const command = newCommand(
    'caption features',
    'Turns images into feature vectors and keeps them in a file.',
  )
    .argument('<images...>', 'image files, folders, patterns, or one captioned data set')
    .requiredOption('--out <file.npy>', 'where to keep them; a file of the same encoder is continued')
    .option('-r, --recursive', 'the folders within folders as well')
    .option('--images-dir <folder>', "where the data set's images are, if not beside it")
    .option('--mirror', 'of the photographs with left and right exchanged')
    .option('--float16', 'numbers of 16 bits, 3 digits each: half the space');
  return addMachineOptions(addEncoderOptions(command)).addHelpText('after', HELP).action(extract);
}

async function extract(inputs: string[], flags: FeaturesFlags): Promise<void> {
  const { out } = flags;
  const images = await imagesOf(inputs, flags);
  const view = flags.mirror ? 'mirrored' : 'plain';
  const type = flags.float16 ? 'float16' : 'float32';
  const encoder = await loadEncoder(flags.encoder ?? DEFAULT_ENCODER, flags, images.length, view);
  const interrupt = new Interrupt();
  try {
    const failures = await extractWithProgress({ encoder, view, images, out, type, interrupt });
    if (interrupt.any) say('interrupted; the same command goes on where it stopped');
    interrupt.throwIfAny();
    const done = new Set(images.map(({ key }) => key)).size - failures.length;
    const failed = failures.length > 0 ? `; ${count(failures.length, 'image')} could not be read` : '';
    say(
      `${out} holds the features of ${count(done, 'image')}, ${encoder.definition.featureSize} numbers each${failed}`,
    );
  } finally {
    interrupt.stop();
    await encoder.release();
  }
}

async function imagesOf(
  inputs: readonly string[],
  { imagesDir, recursive }: FeaturesFlags,
): Promise<KeyedImage[]> {
  const [input] = inputs;
  if (
    inputs.length === 1 &&
    input !== undefined &&
    (imagesDir !== undefined || (await looksLikeDataset(input)))
  ) {
    const dataset = await readDataset(input, { imagesDir });
    await checkImages(dataset);
    return dataset.examples.map(({ key, image }) => ({ key, source: image }));
  }
  if (imagesDir !== undefined) {
    throw new UserError(`expected --images-dir together with one data set but got ${inputs.length} inputs`);
  }
  if (inputs.includes(STDIN)) {
    throw new UserError(
      'expected image files but got - (standard input), which has no name to keep it under',
    );
  }
  const { images, problems } = await findImages(inputs, { recursive });
  reportProblems(problems, images.length);
  return images.map(({ path }) => ({ key: path.replaceAll('\\', '/'), source: path }));
}
