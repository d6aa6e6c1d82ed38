/**
 * Trains a model on a part of COCO: annotations, a subset chosen by seed, its images one by one, features and
 * training, scores on the test split, a report. Each stage is skipped when it is done and goes on where it stopped:
 * whenever it is interrupted or killed, the same command ends in the same model.
 *
 *     npm run train:coco -- --images 5000 --encoder vgg16 --out models/my-coco
 *     npm run train:coco -- --help
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Interrupt } from '../src/cli/interrupt.ts';
import { count, say } from '../src/cli/terminal.ts';
import { insideFolder } from '../src/library/inside-folder.ts';
import { findAnnotations, getAnnotations, hasAnnotations } from './coco/annotations.ts';
import { type CocoFlags, cocoCommand, sourceOf } from './coco/coco-options.ts';
import { fetchImage } from './coco/fetch-image.ts';
import { finish } from './coco/finish.ts';
import { inLocalFolder } from './coco/local-images.ts';
import { addTrainingOptions, checkEncoder, trainingArguments } from './coco/options.ts';
import { tellPlan, type Work } from './coco/plan.ts';
import { RunRecord } from './coco/run-record.ts';
import { runScript } from './coco/script.ts';
import type { Source } from './coco/sources.ts';
import {
  type Counts,
  chooseSubset,
  countSplits,
  type NamedImage,
  readImages,
  subsetCounts,
  writeImages,
} from './coco/subset.ts';
import { DECODED_AT_ONCE, flawOf, type Missing, type Trying, tryImages } from './coco/try-images.ts';

const SCRIPT = 'train:coco';
const command = addTrainingOptions(cocoCommand(SCRIPT));
await runScript(command, trainOnCoco);

/** Where everything lies. */
interface Places {
  readonly annotations: string;
  readonly imagesDir: string;
  /** What was chosen, by COCO's names. */
  readonly subset: string;
  /** What there is of it, by the names of its files: what is trained on. */
  readonly data: string;
}

/** @returns whether no image had to be left out */
async function trainOnCoco(flags: CocoFlags, interrupt: Interrupt): Promise<boolean> {
  const source = sourceOf(flags);
  const { out, seed, images = source.images } = flags;
  const args = trainingArguments(command);
  const record = await RunRecord.open(out, SCRIPT, settingsOf(flags, source));
  const places: Places = {
    annotations: flags.annotations ?? join(flags.work, 'annotations'),
    imagesDir: resolve(flags.imagesDir ?? join(flags.work, 'images')),
    subset: join(out, 'subset.jsonl'),
    data: join(out, 'captions.jsonl'),
  };
  const { subset, data, imagesDir } = places;
  await plan(flags, source, places, record);
  if (flags.dryRun) return true;

  // 1. Annotations, and 2. the images chosen from them.
  if (existsSync(subset)) say('annotations and subset: done before');
  else {
    if (flags.annotations === undefined) {
      const fetching = { server: flags.annotationServer, signal: interrupt.signal };
      await record.timed('annotations', () => getAnnotations(source.archive, places.annotations, fetching));
    }
    await record.timed('subset', async () => {
      const files = findAnnotations(places.annotations, source.files);
      await writeImages(subset, await chooseSubset(source, files, { images, seed }));
    });
  }
  interrupt.throwIfAny();

  // 3. The images themselves.
  if (existsSync(data)) say('images: done before');
  else {
    await record.timed('images', async () => {
      const { found, missing } = await getImages(
        await readImages(subset),
        imagesDir,
        flags,
        interrupt.signal,
      );
      await record.keep({ missing });
      await writeImages(data, found);
    });
  }

  // 4. Features and training, 5. scores, 6. the report.
  const name = `COCO ${flags.source}`;
  return finish(
    { out, name, data, imagesDir, seed, arguments: args, record, interrupt },
    {
      images: `${name}${images === undefined ? '' : ` (--images ${images})`}, chosen by seed ${seed}.`,
      terms:
        'The captions of COCO are under CC BY 4.0; its photographs are those of people on Flickr, each under the ' +
        'licence that the annotations name.',
      args: process.argv.slice(2),
    },
  );
}

/** What decides on the model. Where the files come from doesn't: their hashes are known, or each is looked at. */
function settingsOf(flags: CocoFlags, { archive, images: usual }: Source) {
  const { source, images = usual, seed, annotations, imagesDir } = flags;
  return {
    '--source': source,
    ...(images !== undefined && { '--images': images }),
    '--seed': seed,
    ...(annotations === undefined
      ? { '--annotation-sha256': archive.sha256 }
      : { '--annotations': resolve(annotations) }),
    ...(imagesDir !== undefined && { '--images-dir': resolve(imagesDir) }),
    ...trainingArguments(command).settings,
  };
}

/** Fetches images, or finds them in the folder that was named, and looks at each. */
async function getImages(
  chosen: readonly NamedImage[],
  folder: string,
  flags: CocoFlags,
  signal: AbortSignal,
): Promise<{ found: NamedImage[]; missing: Missing[] }> {
  const { imageServer: server, connections, maxMissing } = flags;
  const trying: Omit<Trying, 'verb' | 'atOnce'> = { maxMissing, signal };
  const isHere = flags.imagesDir !== undefined;
  const images = isHere ? await inLocalFolder(chosen, folder) : chosen;
  const missing = isHere
    ? await tryImages(images, { ...trying, verb: 'checked', atOnce: DECODED_AT_ONCE }, ({ key }) =>
        flawOf(insideFolder(folder, key), key),
      )
    : await tryImages(images, { ...trying, verb: 'fetched', atOnce: connections }, ({ key }, signal) =>
        fetchImage(key, { server, folder, signal }),
      );
  const gone = new Set(missing.map(({ key }) => key));
  say(`${count(images.length - gone.size, 'image')} of ${images.length.toLocaleString('en')} are there`);
  return { found: images.filter(({ key }) => !gone.has(key)), missing };
}

/** Tells what is left to do, and checks that it can be done here. */
async function plan(flags: CocoFlags, source: Source, places: Places, record: RunRecord): Promise<void> {
  const { archive } = source;
  const { out, work, epochs, mirror = false } = flags;
  const chosen = existsSync(places.subset) ? await readImages(places.subset) : undefined;
  const counts: Counts = chosen ? countSplits(chosen) : subsetCounts(source, flags.images ?? source.images);
  const all = counts.train + counts.val + counts.test;
  const isThere = ({ key }: NamedImage) => existsSync(insideFolder(places.imagesDir, key));
  const toLookAt = existsSync(places.data) ? 0 : all;
  const isLocal = flags.imagesDir !== undefined;
  const images = isLocal || toLookAt === 0 ? 0 : all - (chosen?.filter(isThere).length ?? 0);
  const hasAnnotationFiles =
    chosen || flags.annotations || (await hasAnnotations(archive, places.annotations));
  const [annotations, unpacked] = hasAnnotationFiles ? [0, 0] : [archive.bytes, archive.unpacked];
  const left: Work = {
    ...{ counts, epochs, mirror, encoder: checkEncoder(flags) },
    toCheck: isLocal ? toLookAt : 0,
    toFetch: { images, annotations },
    isTrained: record.trained !== undefined,
    isScored: record.scored !== undefined,
  };
  await tellPlan(`COCO ${flags.source}`, left, { out, work, unpacked });
}
