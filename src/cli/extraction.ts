import type { Command } from 'commander';
import { mirrored } from '../vision/definition.ts';
import type { ImageEncoder } from '../vision/encoder.ts';
import { loadEncoderFor } from '../vision/encoder-workers.ts';
import { encoderDefinition, encoderFiles } from '../vision/encoders.ts';
import { type ExtractionFailure, extractFeatures } from '../vision/extract.ts';
import type { NumberType } from '../vision/npy.ts';
import type { MachineOptions } from './command.ts';
import { reportFailure, someFailed } from './failures.ts';
import type { Interrupt } from './interrupt.ts';
import { count, duration, progress } from './terminal.ts';

/** The encoder of the model that ships. */
export const DEFAULT_ENCODER = 'resnet50+efficientnet-lite4';

/** Options of every command that encodes images for training. */
export interface EncoderFlags extends MachineOptions {
  readonly encoder?: string;
  readonly encoderFile?: string;
}

export function addEncoderOptions(command: Command): Command {
  return command
    .optionsGroup('Encoder:')
    .option(
      '--encoder <name>',
      `${DEFAULT_ENCODER}, resnet50 or efficientnet-lite4, which ship; vgg16, vgg16-int8 and vgg19, ` +
        `which caption models pull gets; vgg16-caffe ` +
        `(${DEFAULT_ENCODER})`,
    )
    .option(
      '--encoder-file <path>',
      "the network's ONNX file, where it neither ships nor was pulled (vgg16-caffe), or instead of that one",
    );
}

/** What the encoder looks at: the photographs as they are, or mirrored. */
export type View = 'plain' | 'mirrored';

/** Loads the encoder of that name for this many images. */
export async function loadEncoder(
  name: string,
  flags: EncoderFlags,
  images: number,
  view: View = 'plain',
): Promise<ImageEncoder> {
  const plain = encoderDefinition(name);
  const definition = view === 'mirrored' ? mirrored(plain) : plain;
  return loadEncoderFor(images, definition, encoderFiles(definition, flags), flags);
}

export interface ExtractionJob {
  /** For the progress line. */
  readonly view?: View;
  readonly encoder: ImageEncoder;
  readonly images: readonly { readonly key: string; readonly source: string }[];
  readonly out: string;
  /** How numbers are stored, float32 by default. */
  readonly type?: NumberType;
  readonly interrupt: Interrupt;
}

/**
 * Extracts features with progress on standard error; images that can't be read are named there, and make
 * the exit status 1. Ctrl-C stops it behind the image under way: the caller asks `interrupt`.
 */
export async function extractWithProgress(job: ExtractionJob): Promise<ExtractionFailure[]> {
  const { encoder, images, out, type, interrupt } = job;
  const what = job.view === 'mirrored' ? 'mirrored features' : 'features';
  let first: { done: number; at: number } | undefined;
  return extractFeatures({
    encoder,
    images,
    out,
    type,
    signal: interrupt.signal,
    onProgress: (done, total) => {
      const now = performance.now();
      first ??= { done, at: now };
      const rate = (1000 * (done - first.done)) / (now - first.at);
      const speed =
        done > first.done ? `, ${rate.toFixed(1)} images/s, ${duration((total - done) / rate)} left` : '';
      progress(`${what} of ${done} of ${count(total, 'image')}${speed}`);
    },
    onFailure: ({ key, message }) => {
      const source = images.find((image) => image.key === key)?.source ?? key;
      reportFailure(source, new Error(message));
      someFailed();
    },
  });
}
