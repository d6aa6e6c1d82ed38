import { dirname, join } from 'node:path';
import { type Command, Option } from 'commander';
import { oneOf, whole } from '../../src/cli/command.ts';
import { UserError } from '../../src/errors.ts';
import { homeFolders } from '../../src/files/home.ts';
import { addressOf } from '../../src/library/http.ts';
import { newScript, type ScriptFlags } from './options.ts';
import { IMAGE_SERVER, SOURCES, type Source, type SourceName } from './sources.ts';

/** What `npm run train:coco` was asked for. */
export interface CocoFlags extends ScriptFlags {
  readonly source: SourceName;
  readonly images?: number;
  readonly work: string;
  readonly annotations?: string;
  readonly annotationServer?: string;
  readonly annotationSha256?: string;
  readonly imageServer: string;
  readonly connections: number;
}

const HELP = `
Examples:
  npm run train:coco -- --images 5000 --encoder vgg16 --out models/my-coco
  npm run train:coco -- --source val2017 --out models/small --epochs 10
  npm run train:coco -- --source karpathy --images-dir ~/coco --out models/karpathy

Ctrl-C, or whatever else ends it: the same command goes on where it stopped and
ends in the same model. What is fetched is kept in --work, for other runs too.

Exit status: 0 done, 1 done without some images, 2 wrong call or it can't go on,
70 a bug of caption, 130 interrupted by Ctrl-C
`;

/** The command line of the script, but for the options of `caption train`. */
export function cocoCommand(script: string): Command {
  const names = Object.keys(SOURCES) as SourceName[];
  return newScript(`npm run ${script} --`, 'Trains a model on a part of COCO, from nothing to a report.')
    .addOption(
      new Option(
        '--source <name>',
        "train2017 or train2014: images of it to learn from, and a tenth as many of that year's val to validate " +
          'and to test with each (50 at least); val2017: 80, 10 and 10 % of it; karpathy: his splits',
      )
        .argParser(oneOf('--source', names))
        .default('train2017'),
    )
    .option(
      '--images <n>',
      'images to learn from; of val2017, images in all (5000; all of val2017 and karpathy)',
      whole('--images', 3),
    )
    .optionsGroup('COCO:')
    .option('--annotations <folder>', 'annotation files that are here already')
    .option('--images-dir <folder>', "images that are here already, in COCO's folders or without them")
    .addOption(
      new Option('--work <folder>', 'where what is fetched is kept').default(
        join(dirname(homeFolders().models), 'coco'),
      ),
    )
    .addOption(
      new Option('--connections <n>', 'images that are fetched at once')
        .argParser(whole('--connections', 1, 64))
        .default(8),
    )
    .addOption(new Option('--image-server <url>', 'where train2017/<name> lies').default(IMAGE_SERVER))
    .option('--annotation-server <url>', "a folder with the archive of annotations, instead of COCO's")
    .option('--annotation-sha256 <hash>', "the SHA-256 of that archive, where it is not COCO's own")
    .addHelpText('after', HELP);
}

/** The source that is asked for; a UserError for addresses and hashes that are none. */
export function sourceOf({
  source: name,
  imageServer,
  annotationServer,
  annotationSha256,
}: CocoFlags): Source {
  for (const address of [imageServer, annotationServer]) {
    if (address !== undefined) addressOf(address, true);
  }
  const source: Source = SOURCES[name];
  if (annotationSha256 === undefined) return source;
  if (!/^[0-9a-f]{64}$/i.test(annotationSha256)) {
    throw new UserError(`expected --annotation-sha256 to be 64 hex digits but got ${annotationSha256}`);
  }
  return { ...source, archive: { ...source.archive, sha256: annotationSha256.toLowerCase() } };
}
