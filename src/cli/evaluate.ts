import type { Command } from 'commander';
import {
  addMachineOptions,
  addSearchOptions,
  type MachineOptions,
  newCommand,
  oneOf,
  type SearchFlags,
  whole,
} from './command.ts';
import { addModelOption, type ModelFlags } from './model-option.ts';

const SPLITS = ['train', 'val', 'test'] as const;

/** What `caption evaluate` was asked for. */
export interface EvaluateFlags extends ModelFlags, MachineOptions, SearchFlags {
  readonly data: string;
  readonly split: (typeof SPLITS)[number];
  readonly features?: string;
  readonly encoderFile?: string;
  readonly imagesDir?: string;
  readonly limit?: number;
  readonly out?: string;
  readonly html?: string;
  readonly htmlCount?: number;
  readonly json?: boolean;
}

const HELP = `
Prints BLEU-1..4, ROUGE-L and CIDEr-D as coco-caption computes them, how varied
the captions are, and the perplexity of the model: how many words it hesitates
between, on average, at each word of the captions that people wrote.

Examples:
  caption evaluate --data flickr8k/ --split test
  caption evaluate --data flickr8k/ --split val --model my-model --features my-model/features.npy
  caption evaluate --data flickr8k/ --split val --model seed-1 --model seed-2 --model seed-3
  caption evaluate --data flickr8k/ --split val --html val.html
  caption evaluate --data dataset_coco.json --images-dir coco/ --split test --beam 5 --out captions.json

Exit status: 0 all images scored, 1 some could not be read (each is named, the
scores are those of the others), 2 wrong call, 70 a bug of caption
`;

/** `caption evaluate --data <dataset> --split test`. */
export function evaluateCommand(): Command {
  const command = newCommand('caption evaluate', 'Captions a split of a data set and scores the captions.')
    .optionsGroup('Options:')
    .requiredOption('--data <dataset>', 'captioned data set: a file or its folder')
    .requiredOption('--split <name>', SPLITS.join(', '), oneOf('--split', SPLITS));
  addModelOption(command)
    .option('--images-dir <folder>', "where the data set's images are, if not beside it")
    .option('--features <file.npy>', "features made by caption features with the model's encoder")
    .option('--limit <n>', 'only the first n images', whole('--limit', 1))
    .option('--out <captions.json>', 'also write the captions, as COCO results')
    .option('--html <page.html>', 'also write a page of the worst and best captions, with their photographs')
    .option('--html-count <n>', 'how many of each it shows (48)', whole('--html-count', 1, 1000))
    .option('--json', 'print one JSON object');
  addSearchOptions(command)
    .optionsGroup('Encoder:')
    .option('--encoder-file <path>', "the network's ONNX file, where it neither ships nor was pulled");
  return addMachineOptions(command)
    .addHelpText('after', HELP)
    .action(async (flags: EvaluateFlags) => {
      const { evaluateSplit } = await import('./evaluate-split.ts');
      await evaluateSplit(flags);
    });
}
