import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { UserError } from '../errors.ts';
import {
  addMachineOptions,
  addSearchOptions,
  type MachineOptions,
  newCommand,
  number,
  type SearchFlags,
} from './command.ts';

/** What `caption <inputs...>` was asked for. */
export interface CaptionFlags extends MachineOptions, SearchFlags {
  readonly model: string;
  readonly encoder?: string;
  readonly encoderFile?: string;
  readonly count?: number;
  readonly json?: boolean;
}

const EXAMPLES = `
Commands (caption <command> --help tells more):
  features       images or a data set -> a file of feature vectors
  train          a captioned data set -> a model of your own
  evaluate       how well a model captions a split of a data set
  score          how well given captions match references (BLEU, ROUGE-L, CIDEr)
  help           this help; caption help <command> is that command's

Examples:
  # One photograph: its caption and nothing else
  caption photo.jpg

  # Several, or a folder: a line "path<TAB>caption" each
  caption holiday/ portrait.png

  # The five likeliest captions with their log-probabilities, one JSON object a line
  caption photo.jpg --count 5 --json

  # Varied captions; the same seed gives the same ones
  caption photo.jpg --sample --temperature 0.8 --count 3 --seed 7

  # A picture from another program
  curl -s https://example.com/photo.jpg | caption -

  # A model that you trained (a file with a command's name: caption ./train)
  caption --model my-model photo.jpg

Output:
  One file prints its caption. Several inputs, a folder or a pattern print
  path<TAB>caption; --count n prints a line for each of an image's captions.
  --json prints {"file", "caption", "log_prob"}, one object a caption; log_prob
  is the natural logarithm of the caption's probability.

Exit status:
  0  every image has its caption
  1  some images could not be read: each is named on standard error
  2  the call was wrong and nothing was captioned: no such file, a folder
     without images, an unknown option or model, a value out of range
  70 a bug of caption, reported as "internal: ..."
`;

/** `caption <inputs...>`, the default command, whose help also lists the others. */
export function captionCommand(): Command {
  const command = newCommand('caption', 'Writes a sentence for a photograph.')
    .usage('[options] <inputs...>\n       caption <command> [options]')
    .argument(
      '[inputs...]',
      'image files, folders (the images directly in them), patterns such as "photos/*.jpg", or - for standard input',
    )
    .optionsGroup('Options:')
    .option('--count <n>', 'captions for each image, best first (1)', number('--count'))
    .option('--json', 'print JSON Lines')
    .option('--model <name>', 'a model that ships or the folder of one', 'default')
    .version(version(), '-v, --version', 'show the version');
  addSearchOptions(command);
  command
    .optionsGroup('Encoder:')
    .option('--encoder-file <path>', "the network's ONNX file, where it doesn't ship with caption (VGG)")
    .option('--encoder <name>', "fails unless this is the model's encoder");
  return addMachineOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async (inputs: string[], flags: CaptionFlags) => {
      if (inputs.length === 0) {
        throw new UserError('expected images to caption but got none', {
          hint: 'caption photo.jpg; caption --help tells more',
        });
      }
      const { captionImages } = await import('./caption-images.ts');
      await captionImages(inputs, flags);
    });
}

/** The package's version; the same path from src/cli and dist/cli. */
function version(): string {
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version;
}
