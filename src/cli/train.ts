import { type Command, Option } from 'commander';
import { CELLS, type CellName, MODES, type Mode, PRESETS } from '../decoder/config.ts';
import { TRAINING_DEFAULTS, type TrainingOptions } from '../training/options.ts';
import { addMachineOptions, newCommand, oneOf, real, whole } from './command.ts';
import { addEncoderOptions, type EncoderFlags } from './extraction.ts';

type Preset = keyof typeof PRESETS;
export const PRESET_NAMES = Object.keys(PRESETS) as Preset[];

/** What `caption train` was asked for. */
export interface TrainFlags extends EncoderFlags, Omit<TrainingOptions, 'dropout'> {
  readonly data: string;
  readonly out: string;
  readonly imagesDir?: string;
  readonly features?: string;
  readonly mirror?: boolean;
  readonly mirroredFeatures?: string;
  readonly name?: string;
  readonly resume?: boolean;
  readonly overwrite?: boolean;
  readonly preset: Preset;
  readonly cell?: CellName;
  readonly mode?: Mode;
  readonly layers?: number;
  readonly embeddingSize?: number;
  readonly hiddenSize?: number;
  readonly minCount: number;
  readonly dropout?: number;
  readonly dropoutImage?: number;
  readonly dropoutEmbedding?: number;
  readonly dropoutOutput?: number;
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
command with --resume goes on as if nothing had happened.

Examples:
  # A model of your own, then a caption by it
  caption train --data photos/captions.jsonl --out my-model
  caption --model my-model photo.jpg

  # The lectures' model: h = tanh(Wxh x + Whh h + Wih v)
  caption train --data flickr8k/ --out lecture --preset lecture

  # Several models from the same features
  caption features flickr8k/ --out flickr8k.npy
  caption train --data flickr8k/ --features flickr8k.npy --out gru --cell gru --mode init

  # VGG16's FC-4096 of the ONNX Model Zoo
  caption models pull vgg16
  caption train --data flickr8k/ --encoder vgg16 --out vgg

Exit status: 0 trained, 1 trained without some images that could not be read,
2 wrong call, 70 a bug of caption, 130 interrupted by Ctrl-C
`;

/** `caption train --data <dataset> --out <folder>`. */
export function trainCommand(): Command {
  const command = newCommand(
    'caption train',
    'Trains a decoder on a captioned data set and writes a model folder.',
  )
    .optionsGroup('Options:')
    .requiredOption('--data <dataset>', 'captioned data set: a file or its folder')
    .requiredOption('--out <folder>', 'where the model and its checkpoint are written')
    .option('--images-dir <folder>', "where the data set's images are, if not beside it")
    .option('--features <file.npy>', 'features made by caption features')
    .option('--mirror', 'learn from mirrored photographs as well, which helps where there are few')
    .option('--mirrored-features <file.npy>', 'those made by caption features --mirror; goes with --features')
    .option('--resume', 'go on with an interrupted run; give the same options again')
    .addOption(new Option('--overwrite', 'replace the model that the folder holds').conflicts('resume'))
    .option('--name <name>', "the model's name (that of the folder)");

  command
    .optionsGroup('Decoder:')
    .addOption(
      option('--preset <name>', PRESET_NAMES.join(' or '), oneOf('--preset', PRESET_NAMES), 'show-and-tell'),
    )
    .option('--cell <name>', `${CELLS.join(', ')} (the preset's)`, oneOf('--cell', CELLS))
    .option(
      '--mode <name>',
      `where the image enters: ${MODES.join(', ')} (the preset's)`,
      oneOf('--mode', MODES),
    )
    .option('--layers <n>', "recurrent layers (the preset's)", whole('--layers', 1, 16))
    .option('--embedding-size <n>', "E (the preset's)", whole('--embedding-size', 1, 65_536))
    .option('--hidden-size <n>', "H (the preset's)", whole('--hidden-size', 1, 65_536))
    .addOption(option('--min-count <n>', 'rarer words become <unk>', whole('--min-count', 1), 5));

  const { dropout, ...defaults } = TRAINING_DEFAULTS;
  const share = (name: string) => real(name, 'from 0 to less than 1', (x) => x >= 0 && x < 1);
  const positive = (name: string) => real(name, 'more than 0', (x) => x > 0);
  const decay = real('--learning-rate-decay', 'more than 0 and at most 1', (x) => x > 0 && x <= 1);
  command
    .optionsGroup('Training:')
    .addOption(option('--epochs <n>', 'at most', whole('--epochs', 1), defaults.epochs))
    .addOption(
      option(
        '--patience <n>',
        'epochs without a lower validation loss',
        whole('--patience', 1),
        defaults.patience,
      ),
    )
    .addOption(
      option('--batch-size <n>', 'captions a step', whole('--batch-size', 1, 65_536), defaults.batchSize),
    )
    .addOption(option('--learning-rate <x>', "Adam's", positive('--learning-rate'), defaults.learningRate))
    .addOption(
      option('--learning-rate-decay <x>', 'its factor after each epoch', decay, defaults.learningRateDecay),
    )
    .addOption(
      option('--clip-norm <x>', 'largest norm of the gradient', positive('--clip-norm'), defaults.clipNorm),
    )
    .addOption(
      option(
        '--averaging <x>',
        "decay of the weights' running average; 0 for none",
        share('--averaging'),
        defaults.averaging,
      ),
    )
    .option('--dropout <x>', 'share of units switched off, for all of the three below', share('--dropout'))
    .option('--dropout-image <x>', `of the image vector (${dropout.image})`, share('--dropout-image'))
    .option('--dropout-embedding <x>', `of the words (${dropout.embedding})`, share('--dropout-embedding'))
    .option('--dropout-output <x>', `of the recurrent output (${dropout.output})`, share('--dropout-output'))
    .addOption(
      option('--max-steps <n>', 'longer captions are cut', whole('--max-steps', 2, 200), defaults.maxSteps),
    )
    .addOption(option('--seed <n>', 'the same seed gives the same model', whole('--seed', 0), defaults.seed));

  return addMachineOptions(addEncoderOptions(command))
    .addHelpText('after', HELP)
    .action(async (flags: TrainFlags) => {
      const { trainOnDataset } = await import('./train-on-dataset.ts');
      await trainOnDataset(flags);
    });
}

function option<Value>(flags: string, text: string, parse: (text: string) => Value, standard: Value): Option {
  return new Option(flags, text).argParser(parse).default(standard);
}
