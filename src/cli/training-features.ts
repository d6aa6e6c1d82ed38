import { join } from 'node:path';
import type { CaptionedImage } from '../dataset/example.ts';
import { checkImages } from '../dataset/images.ts';
import { UserError } from '../errors.ts';
import type { TrainingSplits } from '../training/plan.ts';
import { type EncoderDefinition, mirrored } from '../vision/definition.ts';
import { encoderHash } from '../vision/encoder.ts';
import { DEFAULT_ENCODER, extractWithProgress, loadEncoder, type View } from './extraction.ts';
import { expectFeatures } from './feature-tables.ts';
import { openViews } from './feature-views.ts';
import type { Interrupt } from './interrupt.ts';
import { count, say } from './terminal.ts';
import type { TrainFlags } from './train.ts';

/** What a run learns from. */
interface TrainingFeatures {
  /** The encoder of the photographs as they are: captioning never mirrors them. */
  readonly encoder: EncoderDefinition;
  /** The file of the photographs as they are, then that of their mirror images if they are to be used. */
  readonly files: readonly string[];
  /** Without the images that could not be read. */
  readonly splits: TrainingSplits;
}

/** Throws a UserError for feature options that don't belong together. */
export function checkFeatureFlags({ features, mirroredFeatures, mirror }: TrainFlags): void {
  if (mirroredFeatures !== undefined && features === undefined) {
    throw new UserError(
      `expected --features together with --mirrored-features but got ${mirroredFeatures} alone`,
    );
  }
  if (mirror && features !== undefined && mirroredFeatures === undefined) {
    throw new UserError(`expected --mirrored-features together with --mirror and --features but got none`, {
      hint: 'make that file: caption features <dataset> --mirror --out mirrored.npy',
    });
  }
}

/** Finds the features that were made before, or makes them in the output folder. */
export async function featuresFor(
  flags: TrainFlags,
  splits: TrainingSplits,
  interrupt: Interrupt,
): Promise<TrainingFeatures> {
  return flags.features === undefined
    ? extracted(flags, splits, interrupt)
    : given(flags, flags.features, splits);
}

/** Checks that the files hold what the training needs. */
async function given(flags: TrainFlags, file: string, splits: TrainingSplits): Promise<TrainingFeatures> {
  const { data, mirroredFeatures } = flags;
  const files = mirroredFeatures === undefined ? [file] : [file, mirroredFeatures];
  const { tables, close } = await openViews(files);
  try {
    const [plain, mirror] = tables;
    const name = flags.encoder ?? plain.encoder;
    const encoder = await loadEncoder(name, flags, 0);
    const { definition } = encoder;
    await encoder.release();
    expectFeatures(plain, {
      file,
      images: [...splits.train, ...splits.validation],
      hash: encoderHash(definition),
      maker: `encoder ${name} as it is here`,
      command: `caption features ${data} --encoder ${name} --out ${file}`,
    });
    if (mirroredFeatures !== undefined) {
      expectFeatures(mirror, {
        file: mirroredFeatures,
        images: splits.train,
        hash: encoderHash(mirrored(definition)),
        maker: `--mirror and encoder ${name} as it is here`,
        command: `caption features ${data} --mirror --encoder ${name} --out ${mirroredFeatures}`,
      });
    }
    return { encoder: definition, files, splits };
  } finally {
    await close();
  }
}

async function extracted(
  flags: TrainFlags,
  splits: TrainingSplits,
  interrupt: Interrupt,
): Promise<TrainingFeatures> {
  const examples = [...splits.train, ...splits.validation];
  await checkImages({ name: splits.dataset, root: flags.out, examples });
  const plainFile = join(flags.out, 'features.npy');
  const mirrorFile = join(flags.out, 'mirrored.npy');
  const { definition, failed } = await extractView('plain', plainFile, examples, flags, interrupt);
  const readable = (list: readonly CaptionedImage[]) => list.filter(({ key }) => !failed.has(key));
  if (flags.mirror) {
    // Training images only: validation looks at the photographs as captioning does.
    const more = await extractView('mirrored', mirrorFile, readable(splits.train), flags, interrupt);
    for (const key of more.failed) failed.add(key);
  }
  if (failed.size > 0) say(`${count(failed.size, 'image')} could not be read: left out`);
  return {
    encoder: definition,
    files: flags.mirror ? [plainFile, mirrorFile] : [plainFile],
    splits: { ...splits, train: readable(splits.train), validation: readable(splits.validation) },
  };
}

/** Features of images in one view, kept in `file`; the keys of those that could not be read. */
async function extractView(
  view: View,
  file: string,
  examples: readonly CaptionedImage[],
  flags: TrainFlags,
  interrupt: Interrupt,
): Promise<{ definition: EncoderDefinition; failed: Set<string> }> {
  const images = examples.map(({ key, image }) => ({ key, source: image }));
  const encoder = await loadEncoder(flags.encoder ?? DEFAULT_ENCODER, flags, images.length, view);
  try {
    const job = { encoder, view, images, out: file, interrupt };
    const failures = await extractWithProgress(job);
    if (interrupt.any) say('interrupted before the training; the same command goes on where it stopped');
    interrupt.throwIfAny();
    return { definition: encoder.definition, failed: new Set(failures.map(({ key }) => key)) };
  } finally {
    await encoder.release();
  }
}
