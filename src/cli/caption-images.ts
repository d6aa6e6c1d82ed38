import { buffer } from 'node:stream/consumers';
import { captionPhotos, type Photo } from '../captioning/caption-photos.ts';
import { Captioner, modelSearch } from '../captioning/captioner.ts';
import { type Ensemble, readModels } from '../captioning/ensemble-models.ts';
import { type FoundImage, findImages, STDIN } from '../captioning/inputs.ts';
import { parseShard, shardOf } from '../captioning/shard.ts';
import { oneLine } from '../captioning/writers/one-line.ts';
import type { CaptionWriter } from '../captioning/writers/writer.ts';
import { UserError } from '../errors.ts';
import type { CaptionFlags } from './caption.ts';
import { type Output, openOutput, planOutput } from './caption-output.ts';
import { reportFailure, reportProblems, someFailed } from './failures.ts';
import { Interrupt } from './interrupt.ts';
import { Tally } from './tally.ts';
import { clearProgress, complain, count, print, say } from './terminal.ts';

/** Captions photographs; each caption is written as soon as it exists. */
export async function captionImages(inputs: readonly string[], flags: CaptionFlags): Promise<void> {
  const plan = planOutput(flags);
  if (flags.null && flags.fileList === undefined) {
    throw new UserError('expected --file-list with -0 (--null) but got none');
  }
  const shard = flags.shard === undefined ? undefined : parseShard(flags.shard, process.env);
  const { images, problems, single } = await findImages(inputs, {
    recursive: flags.recursive,
    fileList: flags.fileList,
    nullSeparated: flags.null,
  });
  reportProblems(problems, images.length);
  const mine = shard ? shardOf(images, shard) : images;
  const place = { single, first: shard === undefined || shard.index === 0 };
  const output = await openOutput(plan, flags, mine, place);
  const { todo, skipped, failed } = await sortOut(mine, output.writer);
  if (flags.dryRun) {
    tellPlan(mine, new Set(todo), output);
    return;
  }
  const models = await readModels(flags.model);
  // Wrong values are told before the networks are loaded.
  modelSearch(models[0].manifest, flags);
  const tally = new Tally(todo.length, skipped, problems.length + failed);
  const interrupt = await captionAll(models, todo, output.writer, flags, tally);
  if (!single || plan.kind !== 'stream') tally.summarise();
  const goesOn = plan.kind !== 'stream' && (flags.existing ?? 'skip') === 'skip';
  if (interrupt.any && goesOn) say('interrupted; the same command goes on where it stopped');
  interrupt.throwIfAny();
}

/** Which photographs have no caption yet. Those whose sidecar can't be understood are named and left out. */
async function sortOut(
  images: readonly FoundImage[],
  writer: CaptionWriter,
): Promise<{ todo: FoundImage[]; skipped: number; failed: number }> {
  const todo: FoundImage[] = [];
  let skipped = 0;
  let failed = 0;
  for (let from = 0; from < images.length; from += CHECKS) {
    const part = images.slice(from, from + CHECKS);
    const has = await Promise.all(part.map(({ path }) => writer.has(path).catch(userError)));
    for (const [i, image] of part.entries()) {
      const there = has[i]!;
      if (there instanceof UserError) {
        reportFailure(image.path, there);
        someFailed();
        failed++;
      } else if (there) {
        skipped++;
      } else {
        todo.push(image);
      }
    }
  }
  return { todo, skipped, failed };
}

/** Sidecars looked at side by side. */
const CHECKS = 64;

function userError(error: unknown): UserError {
  if (error instanceof UserError) return error;
  throw error;
}

function tellPlan(images: readonly FoundImage[], todo: ReadonlySet<FoundImage>, { fileOf }: Output): void {
  for (const image of images) {
    const file = fileOf(image.path);
    const to = file === undefined ? '' : `\t${oneLine(file)}`;
    print(`${todo.has(image) ? 'caption' : 'skip'}\t${oneLine(image.path)}${to}`);
  }
  const left = images.length - todo.size;
  const rest = left > 0 ? ` and leave ${left} as ${left === 1 ? 'it is' : 'they are'}` : '';
  say(`would caption ${count(todo.size, 'photo')}${rest}`);
}

/** Captions photographs with progress. What stops it halfway is told here: what was written stays. */
async function captionAll(
  models: Ensemble,
  images: readonly FoundImage[],
  writer: CaptionWriter,
  flags: CaptionFlags,
  tally: Tally,
): Promise<Interrupt> {
  const captioner =
    images.length > 0 ? await Captioner.open(models, { ...flags, images: images.length }) : null;
  const interrupt = new Interrupt();
  try {
    try {
      const photos = await Promise.all(images.map(photoOf));
      if (captioner)
        await captionPhotos({ ...jobOf(captioner, writer, flags, tally), photos, signal: interrupt.signal });
    } finally {
      await writer.close();
    }
  } catch (error) {
    complain(userError(error));
    someFailed();
  } finally {
    interrupt.stop();
    await captioner?.release();
  }
  return interrupt;
}

async function photoOf({ path }: FoundImage): Promise<Photo> {
  return { path, source: path === STDIN ? await buffer(process.stdin) : path };
}

function jobOf(captioner: Captioner, writer: CaptionWriter, flags: CaptionFlags, tally: Tally) {
  return {
    captioner,
    request: flags,
    prefix: flags.prefix,
    suffix: flags.suffix,
    writer: {
      write: (photo: Parameters<CaptionWriter['write']>[0]) => {
        clearProgress();
        return writer.write(photo);
      },
    },
    onDone: () => tally.done(),
    onFailure: ({ path }: Photo, error: UserError) => {
      reportFailure(path, error);
      someFailed();
      tally.failed();
    },
  };
}
