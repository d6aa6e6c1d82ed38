/**
 * Trains a model on a part of COCO: annotations, a subset chosen by seed, its images one by one, features, training,
 * scores on the test split, and a report. Each stage is skipped when it is done and goes on where it stopped:
 * whenever it is interrupted or killed, the same command ends in the same model.
 *
 *     npm run train:coco -- --images 5000 --encoder vgg16 --out models/my-coco
 *     npm run train:coco -- --source karpathy --images-dir ~/coco --out models/karpathy
 */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Option } from 'commander';
import { oneOf, whole } from '../src/cli/command.ts';
import type { Interrupt } from '../src/cli/interrupt.ts';
import { fileSize } from '../src/cli/models-text.ts';
import { count, print, say } from '../src/cli/terminal.ts';
import { UserError } from '../src/errors.ts';
import { homeFolders } from '../src/files/home.ts';
import { addressOf } from '../src/library/http.ts';
import { insideFolder } from '../src/library/inside-folder.ts';
import { findAnnotations, getAnnotations, hasAnnotations } from './coco/annotations.ts';
import { fetchImage } from './coco/fetch-image.ts';
import { inLocalFolder } from './coco/local-images.ts';
import { addTrainingOptions, checkEncoder, newScript, type ScriptFlags, trainingArguments } from './coco/options.ts';
import { checkDisk, estimate, timeInWords, type Work } from './coco/plan.ts';
import { writeReport } from './coco/report.ts';
import { RunRecord } from './coco/run-record.ts';
import { runScript } from './coco/script.ts';
import { IMAGE_BYTES, IMAGE_SERVER, SOURCES, type Source, type SourceName } from './coco/sources.ts';
import { chooseSubset, type NamedImage, readImages, subsetCounts, writeImages } from './coco/subset.ts';
import { evaluateModel, type Training, trainModel } from './coco/training.ts';
import { DECODED_AT_ONCE, flawOf, tryImages } from './coco/try-images.ts';

interface CocoFlags extends ScriptFlags {
  readonly source: SourceName;
  readonly images?: number;
  readonly work: string;
  readonly annotations?: string;
  readonly annotationServer?: string;
  readonly annotationSha256?: string;
  readonly imageServer: string;
  readonly connections: number;
}

const SCRIPT = 'train:coco';
const NAMES = Object.keys(SOURCES) as SourceName[];
const WORK = join(dirname(homeFolders().models), 'coco');

const command = newScript(`npm run ${SCRIPT} --`, 'Trains a model on a part of COCO, from nothing to a report.')
  .addOption(
    new Option(
      '--source <name>',
      'train2017 or train2014 (images to learn from; those to validate and test with are from val, a tenth each), ' +
        'val2017 (80, 10 and 10 % of it), karpathy (his splits)',
    )
      .argParser(oneOf('--source', NAMES))
      .default('train2017'),
  )
  .option(
    '--images <n>',
    'images to learn from, of val2017 in all (5000; all of val2017 and of karpathy)',
    whole('--images', 3),
  )
  .optionsGroup('COCO:')
  .option('--annotations <folder>', 'annotation files that are here already')
  .option('--images-dir <folder>', 'images that are here already, in COCO’s layout or without its folders')
  .addOption(new Option('--work <folder>', 'where what is fetched is kept, for all runs').default(WORK))
  .addOption(
    new Option('--connections <n>', 'images that are fetched at once')
      .argParser(whole('--connections', 1, 64))
      .default(8),
  )
  .addOption(new Option('--image-server <url>', 'where train2017/<name> and the like lie').default(IMAGE_SERVER))
  .option('--annotation-server <url>', 'folder that has the archive of annotations, instead of COCO’s own')
  .option('--annotation-sha256 <hash>', 'the SHA-256 of that archive, where it is not COCO’s');

await runScript(addTrainingOptions(command), trainOnCoco);

/** @returns whether no image had to be left out */
async function trainOnCoco(flags: CocoFlags, interrupt: Interrupt): Promise<boolean> {
  const source = sourceOf(flags);
  const { out, images = source.images, seed, work } = flags;
  const args = trainingArguments(command);
  const record = await RunRecord.open(out, SCRIPT, {
    '--source': flags.source,
    ...(images === undefined ? {} : { '--images': images }),
    '--seed': seed,
    '--annotations': flags.annotations === undefined ? source.archive.sha256 : resolve(flags.annotations),
    '--images-dir': flags.imagesDir === undefined ? flags.imageServer : resolve(flags.imagesDir),
    ...args.settings,
  });
  const annotations = flags.annotations ?? join(work, 'annotations');
  const imagesDir = resolve(flags.imagesDir ?? join(work, 'images'));
  /** What was chosen, by COCO's names; and what there is of it, by the names of the files. */
  const [subset, data] = [join(out, 'subset.jsonl'), join(out, 'captions.jsonl')];

  await plan(flags, source, { annotations, imagesDir, subset, data, record });
  if (flags.dryRun) return true;
  await mkdir(out, { recursive: true });

  // 1. Annotations.
  if (existsSync(subset)) say('annotations and subset: done before');
  else {
    if (flags.annotations === undefined) {
      const { annotationServer: server } = flags;
      await record.timed('annotations', () =>
        getAnnotations(source.archive, annotations, { server, signal: interrupt.signal }),
      );
    }

    // 2. The subset.
    await record.timed('subset', async () => {
      const chosen = await chooseSubset(source, findAnnotations(annotations, source.files), { images, seed });
      interrupt.throwIfAny();
      await writeImages(subset, chosen);
    });
  }
  interrupt.throwIfAny();

  // 3. Images: fetched or found, and decoded one by one.
  if (existsSync(data)) say('images: done before');
  else {
    await record.timed('images', async () => {
      const chosen = await readImages(subset);
      const trying = { maxMissing: flags.maxMissing, signal: interrupt.signal };
      const { imageServer: server, connections } = flags;
      const named = flags.imagesDir === undefined ? chosen : await inLocalFolder(chosen, imagesDir);
      const missing =
        flags.imagesDir === undefined
          ? await tryImages(named, { ...trying, done: 'fetched', atOnce: connections }, ({ key }, signal) =>
              fetchImage(key, { server, folder: imagesDir, signal }),
            )
          : await tryImages(named, { ...trying, done: 'checked', atOnce: DECODED_AT_ONCE }, ({ key }) =>
              flawOf(insideFolder(imagesDir, key), key),
            );
      const gone = new Set(missing.map(({ key }) => key));
      await record.keep({ missing });
      await writeImages(data, named.filter(({ key }) => !gone.has(key)));
    });
  }

  // 4. Features and training; 5. scores; 6. the report.
  const name = `COCO ${flags.source}`;
  const training: Training = { out, name, data, imagesDir, seed, arguments: args, record, interrupt };
  await trainModel(training);
  await evaluateModel(training);
  await writeReport(training, {
    images: `${name}${images === undefined ? '' : `, ${count(images, 'image')}`}, chosen by seed ${seed}.`,
    terms:
      'COCO’s captions are under the licence CC BY 4.0; its photographs belong to their owners on Flickr, each under the licence that the annotations name.',
    args: process.argv.slice(2),
  });
  return tellMissing(record);
}
