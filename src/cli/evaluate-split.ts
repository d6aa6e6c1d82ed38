import { FeatureCaptioner, modelSearch } from '../captioning/captioner.ts';
import { readModels } from '../captioning/ensemble-models.ts';
import type { CaptionedImage } from '../dataset/example.ts';
import { checkImages } from '../dataset/images.ts';
import { readDataset } from '../dataset/read.ts';
import { bySplit } from '../dataset/split.ts';
import { UserError } from '../errors.ts';
import { scoresAsJson, scoresAsTable } from '../evaluation/report.ts';
import { scoreCaptions } from '../evaluation/score.ts';
import { writeFileAtomic } from '../files/atomic.ts';
import type { Manifest } from '../library/manifest.ts';
import { EVALUATION_GENERATOR, evaluationPage } from '../report/evaluation-page.ts';
import { expectPageTarget } from '../report/page-target.ts';
import { encodeEach } from '../vision/encode-each.ts';
import { encoderHash } from '../vision/encoder.ts';
import { loadEncoderFor } from '../vision/encoder-workers.ts';
import { encoderFiles } from '../vision/encoders.ts';
import { FeatureTable } from '../vision/feature-table.ts';
import type { EvaluateFlags } from './evaluate.ts';
import { reportFailure, someFailed } from './failures.ts';
import { expectFeatures } from './feature-tables.ts';
import { count, print, progress, say } from './terminal.ts';

/** An image with its feature vector [F]. */
interface Subject {
  readonly image: CaptionedImage;
  readonly feature: Float32Array;
}

/** How many of the worst and of the best photographs a page shows. */
const HTML_COUNT = 48;

/** Captions a split with a model, and prints its scores. */
export async function evaluateSplit(flags: EvaluateFlags): Promise<void> {
  const { data, imagesDir, split, limit } = flags;
  await checkHtmlFlags(flags);
  const models = await readModels(flags.model);
  const [{ manifest }] = models;
  modelSearch(manifest, flags);
  const dataset = await readDataset(data, { imagesDir });
  const images = bySplit(dataset, split).slice(0, limit);
  const subjects =
    flags.features === undefined
      ? await encodeImages(images, dataset.name, manifest, flags)
      : await lookUp(images, manifest, flags.features);

  const captioner = await FeatureCaptioner.load(models, flags);
  try {
    const captions = await captionAll(captioner, subjects, flags);
    if (flags.out !== undefined) await writeResults(flags.out, subjects, captions);
    const candidates = new Map(subjects.map(({ image }, i) => [image.key, captions[i]!]));
    const references = new Map(subjects.map(({ image }) => [image.key, image.captions]));
    const scores = scoreCaptions(candidates, references);
    progress('perplexity');
    const perplexity = await captioner.perplexity(
      subjects.flatMap(({ image, feature }) => image.captions.map((caption) => ({ feature, caption }))),
    );
    if (flags.json) print(JSON.stringify({ ...scoresAsJson(scores), perplexity }));
    else
      print(
        `${scoresAsTable(scores)}\n${'perplexity'.padEnd('distinct captions'.length)}  ${perplexity.toFixed(2)}`,
      );
    if (flags.html !== undefined) {
      progress('page');
      const evaluation = {
        models: models.map(({ manifest }) => manifest.name),
        dataset: dataset.name,
        split,
        photos: subjects.map(({ image: { image, key, captions: references } }, i) => {
          return { image, key, references, caption: captions[i]! };
        }),
        scores,
        perplexity,
      };
      await writeFileAtomic(flags.html, await evaluationPage(evaluation, flags.htmlCount ?? HTML_COUNT));
    }
  } finally {
    await captioner.release();
  }
}

/** A page that could not be written is better known before the photographs are captioned. */
async function checkHtmlFlags({ html, htmlCount, out }: EvaluateFlags): Promise<void> {
  if (html !== undefined) {
    const other = out === undefined ? undefined : { option: '--out', path: out };
    await expectPageTarget(html, { option: '--html', generator: EVALUATION_GENERATOR, other });
  } else if (htmlCount !== undefined) {
    throw new UserError('expected --html-count with --html <page.html> but got it alone');
  }
}

/** The features of a file, which must be those of the model's encoder. */
async function lookUp(
  images: readonly CaptionedImage[],
  { name, encoder }: Manifest,
  file: string,
): Promise<Subject[]> {
  const table = await FeatureTable.open(file);
  try {
    expectFeatures(table, {
      file,
      images,
      hash: encoderHash(encoder),
      maker: `the encoder of model ${name}, ${encoder.name},`,
      command: `caption features <dataset> --encoder ${encoder.name} --out ${file}`,
    });
    return images.map((image) => ({ image, feature: table.row(image.key)! }));
  } finally {
    await table.close();
  }
}

async function encodeImages(
  images: readonly CaptionedImage[],
  dataset: string,
  { encoder: definition }: Manifest,
  flags: EvaluateFlags,
): Promise<Subject[]> {
  await checkImages({ name: dataset, root: '', examples: images });
  const encoder = await loadEncoderFor(images.length, definition, encoderFiles(definition, flags), flags);
  try {
    const subjects: Subject[] = [];
    const paths = images.map(({ image }) => image);
    for await (const encoded of encodeEach(encoder, paths)) {
      const image = images[encoded.index]!;
      if ('error' in encoded) {
        reportFailure(image.image, encoded.error);
        someFailed();
      } else {
        subjects.push({ image, feature: encoded.feature });
      }
      progress(`encoded ${encoded.index + 1} of ${count(images.length, 'image')}`);
    }
    if (subjects.length === 0) throw new UserError('expected images to score but none could be read');
    if (subjects.length < images.length) {
      say(`the scores are those of ${subjects.length} of ${count(images.length, 'image')}`);
    }
    return subjects;
  } finally {
    await encoder.release();
  }
}

/** The best caption of each image. */
async function captionAll(
  captioner: FeatureCaptioner,
  subjects: readonly Subject[],
  flags: EvaluateFlags,
): Promise<string[]> {
  const captions: string[] = [];
  const features = subjects.map(({ feature }) => feature);
  for await (const [best] of captioner.captionAll(features, flags)) {
    captions.push(best!.text);
    progress(`captioned ${captions.length} of ${count(subjects.length, 'image')}`);
  }
  return captions;
}

/** COCO result format; images without a COCO id are named by their key. */
async function writeResults(
  path: string,
  subjects: readonly Subject[],
  captions: readonly string[],
): Promise<void> {
  const results = subjects.map(({ image }, i) => ({ image_id: image.id ?? image.key, caption: captions[i] }));
  await writeFileAtomic(path, `${JSON.stringify(results, null, 1)}\n`);
}
