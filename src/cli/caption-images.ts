import { buffer } from 'node:stream/consumers';
import type { Caption } from '../captioning/caption.ts';
import { Captioner, modelSearch } from '../captioning/captioner.ts';
import { encodeEach } from '../captioning/encode-each.ts';
import { findImages, STDIN } from '../captioning/inputs.ts';
import { findModel, readModel } from '../library/model-folder.ts';
import type { CaptionFlags } from './caption.ts';
import { reportFailure, reportProblems, someFailed } from './failures.ts';
import { oneLine, print } from './terminal.ts';

/** Captions the inputs one after the other; each caption is printed as soon as it exists. */
export async function captionImages(inputs: readonly string[], flags: CaptionFlags): Promise<void> {
  const { images, problems, single } = await findImages(inputs);
  reportProblems(problems, images.length);
  const model = await readModel(await findModel(flags.model));
  // Wrong values are told before the networks are loaded.
  modelSearch(model.manifest, flags);

  const captioner = await Captioner.open(model, flags);
  try {
    const sources = await Promise.all(
      images.map(({ path }) => (path === STDIN ? buffer(process.stdin) : path)),
    );
    for await (const encoded of encodeEach(captioner.encoder, sources)) {
      const { path, place } = images[encoded.index]!;
      if ('error' in encoded) {
        reportFailure(path, encoded.error);
        someFailed();
        continue;
      }
      // An image's place among the inputs seeds its samples, whichever of the others can be read.
      const [captions] = await captioner.decoder.caption(encoded.feature, 1, flags, [place]);
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
