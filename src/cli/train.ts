import { type Command, Option } from 'commander';
import { addMachineOptions, newCommand, whole } from './command.ts';
import { acceptConfigFile, configOption } from './config-file.ts';
import { addDecoderOptions, DECODER_OPTIONS, type DecoderFlags } from './decoder-flags.ts';
import { addEncoderOptions, type EncoderFlags } from './extraction.ts';
import { addTrainingOptions, type TrainingFlags } from './training-flags.ts';

const MIN_COUNT = 5;

/** What `caption train` was asked for. */
export interface TrainFlags extends EncoderFlags, DecoderFlags, TrainingFlags {
  readonly data: string;
  readonly out: string;
  readonly imagesDir?: string;
  readonly features?: string;
  readonly mirror?: boolean;
  readonly mirroredFeatures?: string;
  readonly name?: string;
  readonly config?: string;
  readonly resume?: boolean;
  readonly overwrite?: boolean;
  readonly minCount: number;
}

const HELP = `
Data sets: JSON Lines {"image", "captions", "split"?}, COCO annotations, Karpathy
splits, Flickr8k. Captions of split train are learnt, those of split val decide
when to stop; without a val split, 5 % of the images are held out for that. The
vocabulary comes from the train captions.

Features are extracted first, into features.npy of the output folder, unless
--features names a file of caption features. Images that can't be read are
named and left out. With --mirror each step sees a photograph as it is or
mirrored (mirrored.npy, or --mirrored-features), by chance.

Ctrl-C leaves a checkpoint and, once an epoch is done, a usable model; the same
command with --resume goes on as if nothing had happened, also after kill -9. The
folder's status.json tells other programs how far it is, and report.html shows
the curves and how the captions of a few photographs changed.

--config takes options from a JSON file, which may have comments: "learningRate"
is --learning-rate. Those on the command line go before it; --no-mirror undoes
"mirror": true. Paths in it are relative to its folder.

Examples:
  # A model of your own, then a caption by it
  caption train --data photos/captions.jsonl --out my-model
  caption --model my-model photo.jpg

  # The lectures' model: h = tanh(Wxh x + Whh h + Wih v)
  caption train --data flickr8k/ --out lecture --preset lecture

  # Several models from the same features
  caption features flickr8k/ --out flickr8k.npy
  caption train --data flickr8k/ --features flickr8k.npy --out gru --cell gru --mode init

  # Sharpen a model with rewards for whole captions
  caption train --data flickr8k/ --features flickr8k.npy --out sharper \\
    --init gru --self-critical --learning-rate 1e-4 --dropout 0 --select cider

  # VGG16's FC-4096 of the ONNX Model Zoo
  caption models pull vgg16
  caption train --data flickr8k/ --encoder vgg16 --out vgg

Exit status: 0 trained, 1 trained without some images that could not be read,
2 wrong call, 70 a bug of caption, 130 interrupted by Ctrl-C; a loss that exploded
is 2 as well
`;

/** `caption train --data <dataset> --out <folder>`. */
export function trainCommand(): Command {
  const command = newCommand(
    'caption train',
    'Trains a decoder on a captioned data set and writes a model folder.',
  )
    .optionsGroup('Options:')
    .option('--data <dataset>', 'captioned data set: a file or its folder')
    .option('--out <folder>', 'where the model, its checkpoint and its report are written')
    .addOption(configOption())
    .option('--images-dir <folder>', "where the data set's images are, if not beside it")
    .option('--features <file.npy>', 'features made by caption features')
    .option('--mirror', 'learn from mirrored photographs as well, which helps where there are few')
    .option('--mirrored-features <file.npy>', 'those made by caption features --mirror; goes with --features')
    .option('--resume', 'go on with an interrupted run; give the same options again')
    .addOption(new Option('--overwrite', 'replace the model that the folder holds').conflicts('resume'))
    .option('--name <name>', "the model's name (that of the folder)");

  addDecoderOptions(command).addOption(
    new Option('--min-count <n>', 'rarer words become <unk>')
      .argParser(whole('--min-count', 1))
      .default(MIN_COUNT),
  );
  addMachineOptions(addEncoderOptions(addTrainingOptions(command)));
  return acceptConfigFile(command, {
    required: ['data', 'out'],
    paths: ['data', 'out', 'imagesDir', 'features', 'mirroredFeatures', 'encoderFile', 'text'],
    covers: { dropout: ['dropoutImage', 'dropoutEmbedding', 'dropoutOutput'], preset: DECODER_OPTIONS },
  })
    .addHelpText('after', HELP)
    .action(async (flags: TrainFlags) => {
      const { trainOnDataset } = await import('./train-on-dataset.ts');
      await trainOnDataset(flags);
    });
}
