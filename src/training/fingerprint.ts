import { createHash, type Hash } from 'node:crypto';
import type { DecoderConfig } from '../decoder/config.ts';
import type { CaptionSet } from './caption-set.ts';
import type { Arrays } from './optimizer.ts';
import type { TrainingOptions } from './options.ts';
import type { TrainingData } from './trainer.ts';

/**
 * What must be the same for a checkpoint to go on. The patience may change, and so may the number of epochs
 * where nothing but the end depends on it.
 */
export function fingerprint(
  config: DecoderConfig,
  data: TrainingData,
  options: TrainingOptions,
  start: Arrays | null,
): string {
  const { epochs, patience: _, ...rest } = options;
  const planned = options.schedule === 'cosine' || options.scheduledSampling > 0 ? { epochs } : {};
  const { source, train, validation, text, features } = data;
  // Where a photograph's file is makes no difference.
  const images = data.images.map(({ image: _, ...rest }) => rest);
  const content = createHash('sha256').update(JSON.stringify([source, images]));
  for (const captions of [train, validation, text]) addCaptions(content, captions);
  for (const [name, values] of start ?? []) {
    content.update(name).update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  return JSON.stringify({
    config,
    options: { ...rest, ...planned },
    views: features.views.length,
    content: content.digest('hex'),
  });
}

/** Caption by caption: as one string they might be longer than strings can be. */
function addCaptions(content: Hash, captions: CaptionSet): void {
  content.update(`${captions.length}`);
  for (let i = 0; i < captions.length; i++) content.update(JSON.stringify(captions.at(i)));
}
