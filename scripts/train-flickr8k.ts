/**
 * Trains a model on Flickr8k as people have it: its folder with captions.txt or Flickr8k.token.txt, the split lists
 * if they are there, and the images. Each image is looked at; then features and training, scores on the test split,
 * a report. Whenever it is interrupted or killed, the same command ends in the same model.
 *
 *     npm run train:flickr8k -- --data flickr8k --out models/my-flickr8k
 *     npm run train:flickr8k -- --help
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Interrupt } from '../src/cli/interrupt.ts';
import { say } from '../src/cli/terminal.ts';
import { readDataset } from '../src/dataset/read.ts';
import { finish } from './coco/finish.ts';
import {
  addTrainingOptions,
  checkEncoder,
  newScript,
  type ScriptFlags,
  trainingArguments,
} from './coco/options.ts';
import { tellPlan, type Work } from './coco/plan.ts';
import { RunRecord } from './coco/run-record.ts';
import { runScript } from './coco/script.ts';
import { countSplits, type NamedImage, readImages, withSplits, writeImages } from './coco/subset.ts';
import { DECODED_AT_ONCE, flawOf, tryImages } from './coco/try-images.ts';

interface FlickrFlags extends ScriptFlags {
  readonly data: string;
}

const HELP = `
Splits are those of Flickr_8k.trainImages.txt, devImages.txt and testImages.txt
beside the captions; images in none of them are left out, as everybody does.
Without these lists --seed chooses an eighth for validation and one to test.

Exit status: 0 done, 1 done without some images, 2 wrong call or it can't go on,
70 a bug of caption, 130 interrupted by Ctrl-C
`;

const SCRIPT = 'train:flickr8k';
const command = newScript(`npm run ${SCRIPT} --`, 'Trains a model on Flickr8k, from its folder to a report.')
  .requiredOption('--data <folder>', "Flickr8k's folder, or its file of captions")
  .option('--images-dir <folder>', 'where its images are, if not there')
  .addHelpText('after', HELP);
await runScript(addTrainingOptions(command), trainOnFlickr8k);

/** @returns whether no image had to be left out */
async function trainOnFlickr8k(flags: FlickrFlags, interrupt: Interrupt): Promise<boolean> {
  const { out, seed, maxMissing } = flags;
  const args = trainingArguments(command);
  const record = await RunRecord.open(out, SCRIPT, {
    '--data': resolve(flags.data),
    ...(flags.imagesDir !== undefined && { '--images-dir': resolve(flags.imagesDir) }),
    '--seed': seed,
    ...args.settings,
  });
  const { examples } = await readDataset(flags.data, { imagesDir: flags.imagesDir });
  const { image, key } = examples[0]!;
  const imagesDir = image.slice(0, -key.length);
  const data = join(out, 'captions.jsonl');
  const images = existsSync(data) ? await readImages(data) : withSplits(examples, seed);
  await plan(flags, images, record);
  if (flags.dryRun) return true;

  // 1. Images are looked at, one by one.
  if (existsSync(data)) say('images: done before');
  else {
    await record.timed('images', async () => {
      const trying = { verb: 'checked', atOnce: DECODED_AT_ONCE, maxMissing, signal: interrupt.signal };
      const missing = await tryImages(images, trying, ({ key }) => flawOf(join(imagesDir, key), key));
      const gone = new Set(missing.map(({ key }) => key));
      await record.keep({ missing });
      await writeImages(
        data,
        images.filter(({ key }) => !gone.has(key)),
      );
    });
  }

  // 2. Features and training, 3. scores, 4. the report.
  return finish(
    { out, name: 'Flickr8k', data, imagesDir, seed, arguments: args, record, interrupt },
    {
      images: `Flickr8k (Hodosh, Young and Hockenmaier 2013), from ${flags.data}.`,
      terms: 'Flickr8k is for research and education; its photographs are those of people on Flickr.',
      args: process.argv.slice(2),
    },
  );
}

/** Tells what is left to do, and checks that it can be done here. */
async function plan(flags: FlickrFlags, images: readonly NamedImage[], record: RunRecord): Promise<void> {
  const { out, epochs, mirror = false } = flags;
  const left: Work = {
    ...{ counts: countSplits(images), epochs, mirror, encoder: checkEncoder(flags) },
    toCheck: existsSync(join(out, 'captions.jsonl')) ? 0 : images.length,
    toFetch: { images: 0, annotations: 0 },
    isTrained: record.trained !== undefined,
    isScored: record.scored !== undefined,
  };
  await tellPlan('Flickr8k', left, { out });
}
