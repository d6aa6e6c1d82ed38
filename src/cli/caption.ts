import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { EXISTING } from '../captioning/writers/existing.ts';
import { UserError } from '../errors.ts';
import { FORMATS, type OutputFlags } from './caption-flags.ts';
import {
  addMachineOptions,
  addSearchOptions,
  type MachineOptions,
  newCommand,
  number,
  oneOf,
  type SearchFlags,
} from './command.ts';
import { addModelOption, type ModelFlags } from './model-option.ts';

/** What `caption <inputs...>` was asked for. */
export interface CaptionFlags extends ModelFlags, MachineOptions, SearchFlags, OutputFlags {
  readonly recursive?: boolean;
  readonly fileList?: string;
  readonly null?: boolean;
  readonly shard?: string;
  readonly dryRun?: boolean;
  readonly encoder?: string;
  readonly encoderFile?: string;
}

const HELP = `
Commands (caption <command> --help tells more):
  features       images or a data set -> a file of feature vectors
  train          a captioned data set -> a model of your own
  evaluate       how well a model captions a split of a data set
  score          how well given captions match references (BLEU, ROUGE-L, CIDEr)
  report         a page about a training, or several side by side: curves, settings, captions
  models         which models and encoders there are; gets, verifies, exports them
  help           this help; caption help <command> is that command's

Formats:
  tsv    path<TAB>caption, a line each (default); one file alone prints its caption
  jsonl  {"file_name", "text", "score"}, a line a photograph; with --count n also
         "captions". As metadata.jsonl it is what Hugging Face ImageFolder reads
  csv    file_name,text,score under a head
  coco   [{"image_id", "caption"}], for files named by a COCO id
  html   one page with thumbnails, captions, scores and a filter
  txt    photo.jpg -> photo.txt beside it: one line
  xmp    photo.jpg -> photo.xmp with dc:description; what else it holds stays
  score is the natural logarithm of the caption's probability. Paths are relative
  to the file of --out (to the working folder without one).

Examples:
  # One photograph: its caption and nothing else
  caption photo.jpg

  # A folder and the folders in it: a text file beside each photograph
  caption photos/ --recursive --format txt

  # The same, but the text files in a tree of their own
  caption photos/ --recursive --format txt --output-dir captions/

  # One file for all; the same command goes on after Ctrl-C, kill or a power cut
  caption photos/ --recursive --out photos/metadata.jsonl

  # A page to look at
  caption photos/ --out captions.html

  # Photographs that another program names
  find photos -newer last-run -name '*.jpg' -print0 | caption --file-list - -0

  # The third of eight parts of an archive, on one of eight machines
  caption /archive --recursive --shard 3/8 --out captions-3.jsonl

  # The five likeliest captions with their scores
  caption photo.jpg --count 5 --format jsonl

  # Varied captions; the same seed gives the same ones
  caption photo.jpg --sample --temperature 0.8 --count 3 --seed 7

  # A picture from another program
  curl -s https://example.com/photo.jpg | caption -

  # A model that you trained (a file with a command's name: caption ./train)
  caption --model my-model photo.jpg

  # Three models together choose each word (same data, other seeds)
  caption --model seed-1 --model seed-2 --model seed-3 photo.jpg

Exit status:
  0  every photograph has its caption
  1  some could not be read, each is named on standard error; or the captions
     could not be written, and what was written stays
  2  the call was wrong and nothing was captioned: no such file, a folder
     without images, an unknown option or model, a value out of range
  70 a bug of caption, reported as "internal: ..."
  130 Ctrl-C: the photograph in hand was finished and written
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
    .option('-r, --recursive', 'the folders within folders as well')
    .option('--count <n>', 'captions for each image, best first (1)', number('--count'));
  addModelOption(command)
    .option('--dry-run', 'say which photographs would be captioned, and do nothing')
    .version(version(), '-v, --version', 'show the version');
  addOutputOptions(command);
  command
    .optionsGroup('Many files:')
    .option('--file-list <file>', 'a file that names images, one a line; - for standard input')
    .option('-0, --null', 'the names of --file-list end in NUL, as find -print0 writes them')
    .option(
      '--shard <i/n>',
      'the i-th of n parts of the photographs; auto takes i and n from a SLURM array or a Kubernetes indexed job, auto/n only i',
    );
  addSearchOptions(command);
  command
    .optionsGroup('Encoder:')
    .option('--encoder-file <path>', "the network's ONNX file, where it neither ships nor was pulled")
    .option('--encoder <name>', "fails unless this is the model's encoder");
  return addMachineOptions(command)
    .addHelpText('after', HELP)
    .action(async (inputs: string[], flags: CaptionFlags) => {
      if (inputs.length === 0 && flags.fileList === undefined) {
        throw new UserError('expected images to caption but got none', {
          hint: 'caption photo.jpg; caption --help tells more',
        });
      }
      const { captionImages } = await import('./caption-images.ts');
      await captionImages(inputs, flags);
    });
}

function addOutputOptions(command: Command): void {
  command
    .optionsGroup('Output:')
    .addOption(
      new Option(
        '--format <name>',
        `${FORMATS.join(', ')}: see below (tsv, or by the ending of --out)`,
      ).argParser(oneOf('--format', FORMATS)),
    )
    .option('--json', 'short for --format jsonl')
    .option('--out <file>', 'one file for all captions: .jsonl, .csv, .json (coco), .html or .tsv')
    .option('--output-dir <folder>', 'txt and xmp: put them here, in a tree like that of the photographs')
    .option('--extension <ending>', 'txt and xmp: another ending, such as .caption')
    .option('--keep-image-extension', 'txt and xmp: photo.jpg -> photo.jpg.txt')
    .addOption(
      new Option(
        '--existing <what>',
        `of photographs that have a caption there: ${EXISTING.join(', ')}; the last two join texts of txt and xmp (skip)`,
      ).argParser(oneOf('--existing', EXISTING)),
    )
    .option('--prefix <text>', 'put this in front of each caption, as it is')
    .option('--suffix <text>', 'put this behind each caption, as it is');
}

/** The package's version; the same path from src/cli and dist/cli. */
function version(): string {
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version;
}
