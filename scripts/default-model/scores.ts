import { FeatureCaptioner } from '../../src/captioning/captioner.ts';
import type { SearchRequest } from '../../src/captioning/search-options.ts';
import { type CaptionScores, scoreCaptions } from '../../src/evaluation/score.ts';
import { readModel } from '../../src/library/model-folder.ts';
import type { SessionOptions } from '../../src/onnx/session.ts';
import type { DefaultData } from './data.ts';

/** Scores of the validation images by data set: `all`, and each by the folder that its images are in. */
export type ValidationScores = Readonly<Record<'all' | 'flickr8k' | 'coco', CaptionScores<string>>>;

/** Captions the validation images with model folders (several are an ensemble), and scores them. */
export async function validationScores(
  { validation, features }: DefaultData,
  folders: readonly string[],
  request: SearchRequest,
  session: SessionOptions,
): Promise<ValidationScores> {
  const captioner = await FeatureCaptioner.load(await Promise.all(folders.map(readModel)), session);
  try {
    const vectors = validation.map(({ key }) => {
      const vector = new Float32Array(features.featureSize);
      features.views[0].copyRow(features.rowOf(key)!, vector, 0);
      return vector;
    });
    const captions: string[] = [];
    for await (const [best] of captioner.captionAll(vectors, request)) captions.push(best.text);
    const scored = (folder: string) => {
      const chosen = validation.flatMap((image, i) =>
        image.key.startsWith(folder) ? [{ ...image, caption: captions[i] }] : [],
      );
      return scoreCaptions(
        new Map(chosen.map(({ key, caption }) => [key, caption])),
        new Map(chosen.map(({ key, captions: references }) => [key, references])),
      );
    };
    return { all: scored(''), flickr8k: scored('flickr8k/'), coco: scored('coco/') };
  } finally {
    await captioner.release();
  }
}
