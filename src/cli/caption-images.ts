import { buffer } from 'node:stream/consumers';
import { type Caption, Captioner, modelSearch } from '../captioning/captioner.ts';
import { encodeEach } from '../captioning/encode-each.ts';
import { findImages, STDIN } from '../captioning/inputs.ts';
import { findModel, readModel } from '../library/model-folder.ts';
import type { CaptionFlags } from './caption.ts';
import { reportFailure, reportProblems, someFailed } from './failures.ts';
import { oneLine, print } from './terminal.ts';

/** Captions the inputs one after the other; each caption is printed as soon as it exists. */
export async function captionImages(inputs: readonly string[], flags: CaptionFlags): Promise<void> {
  const { paths, problems, single } = await findImages(inputs);
  reportProblems(problems, paths.length);
  const model = await readModel(await findModel(flags.model));
  // Wrong values are told before the networks are loaded.
  modelSearch(model.manifest, flags);

  const captioner = await Captioner.open(model, flags);
  try {
    const images = await Promise.all(paths.map((path) => (path === STDIN ? buffer(process.stdin) : path)));
    for await (const image of encodeEach(captioner.encoder, images)) {
      const path = paths[image.index]!;
      if ('error' in image) {
        reportFailure(path, image.error);
        someFailed();
        continue;
      }
      // An image's place among the inputs seeds its samples, whichever of the others can be read.
      const [captions] = await captioner.decoder.caption(image.feature, 1, flags, [image.index]);
      for (const caption of captions!) print(lineOf(path, caption, single, flags.json));
    }
  } finally {
    await captioner.release();
  }
}

function lineOf(path: string, { text, logProb }: Caption, single: boolean, json = false): string {
  if (json) return JSON.stringify({ file: path, caption: text, log_prob: Number(logProb.toFixed(4)) });
  return single ? text : `${oneLine(path)}\t${text}`;
}
