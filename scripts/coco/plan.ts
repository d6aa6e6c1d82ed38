import { stat, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileSize } from '../../src/cli/models-text.ts';
import { count, duration, say } from '../../src/cli/terminal.ts';
import { UserError } from '../../src/errors.ts';
import { encoderDefinition } from '../../src/vision/encoders.ts';
import { IMAGE_BYTES } from './sources.ts';
import type { Counts } from './subset.ts';

/** What is still to be done, for an estimate of what it takes. */
export interface Work {
  /** Images of each split. */
  readonly counts: Counts;
  readonly encoder: string;
  readonly epochs: number;
  /** Whether mirrored photographs are learnt from too. */
  readonly mirror: boolean;
  /** Images that are only looked at, as they are on the disk already. */
  readonly toCheck: number;
  /** Images to fetch, and bytes of annotations. */
  readonly toFetch: { readonly images: number; readonly annotations: number };
  readonly isTrained: boolean;
  readonly isScored: boolean;
}

/** What it takes, estimated. */
interface Estimate {
  readonly fetchedBytes: number;
  /** Bytes of features, checkpoint and model. */
  readonly modelBytes: number;
  readonly seconds: Readonly<Record<'images' | 'features' | 'training' | 'evaluation', number>>;
}

/** Measured on two cores, but for the network, which nobody knows. */
const FETCHED_BYTES_PER_SECOND = 5e6;
const SECONDS_AN_IMAGE_CHECKED = 0.01;
const SECONDS_AN_IMAGE_ENCODED = { vgg: 0.09, other: 0.05 };
const SECONDS_AN_IMAGE_CAPTIONED = 0.05;
const CAPTIONS_PER_SECOND = 330;
const CAPTIONS_AN_IMAGE = 5;
/** Checkpoint (five times the weights, and twice while it is written) and model of H=E=512 and 10,000 words. */
const MODEL_BYTES = 700e6;

/** Estimates what is left to do. */
export function estimate(work: Work): Estimate {
  const { counts, encoder, epochs, mirror, toCheck, toFetch, isTrained, isScored } = work;
  const encoded = isTrained ? 0 : counts.train * (mirror ? 2 : 1) + counts.val;
  const { vgg, other } = SECONDS_AN_IMAGE_ENCODED;
  const anImage = encoder.startsWith('vgg') ? vgg : other;
  const captions = isTrained ? 0 : epochs * CAPTIONS_AN_IMAGE * (counts.train + counts.val / 3);
  const fetchedBytes = toFetch.annotations + toFetch.images * IMAGE_BYTES;
  return {
    fetchedBytes,
    modelBytes: isTrained ? 0 : encoded * encoderDefinition(encoder).featureSize * 4 + MODEL_BYTES,
    seconds: {
      images: fetchedBytes / FETCHED_BYTES_PER_SECOND + (toCheck + toFetch.images) * SECONDS_AN_IMAGE_CHECKED,
      features: encoded * anImage,
      training: captions / CAPTIONS_PER_SECOND,
      evaluation: isScored ? 0 : counts.test * (anImage + SECONDS_AN_IMAGE_CAPTIONED),
    },
  };
}

/**
 * Tells what is left to do and what it takes, and checks that there is room for it.
 *
 * @param name of the data
 * @param work folder for what is fetched, and how much more that is when it is unpacked
 */
export async function tellPlan(
  name: string,
  left: Work,
  { out, work, unpacked }: { out: string; work?: string; unpacked?: number },
): Promise<void> {
  const { counts } = left;
  const estimated = estimate(left);
  const { fetchedBytes, modelBytes } = estimated;
  const needs = [
    ...(work === undefined ? [] : [{ folder: work, bytes: fetchedBytes + (unpacked ?? 0) }]),
    { folder: out, bytes: modelBytes },
  ].filter(({ bytes }) => bytes > 0);
  const [train, val, test] = [counts.train, counts.val, counts.test].map((n) => n.toLocaleString('en'));
  say(`${name}: ${train} images to learn from, ${val} for validation, ${test} to test with`);
  if (fetchedBytes > 0) say(`to fetch: ${fileSize(fetchedBytes)}, ${fetchedInWords(left)}`);
  if (needs.length > 0) {
    say(`disk: ${needs.map(({ folder, bytes }) => `${fileSize(bytes)} in ${folder}`).join(', ')}`);
  }
  say(`time: ${timeInWords(estimated, left)}`);
  await checkDisk(needs);
}

function fetchedInWords({ toFetch: { images, annotations } }: Work): string {
  const parts = [
    ...(annotations > 0 ? ['annotations'] : []),
    ...(images > 0 ? [count(images, 'image')] : []),
  ];
  return parts.join(' and ');
}

function timeInWords({ seconds, fetchedBytes }: Estimate, { isTrained, isScored }: Work): string {
  const { images, features, training, evaluation } = seconds;
  const parts = [
    images === 0 ? '' : `${duration(images)} for the images${fetchedBytes > 0 ? ' (at 5 MB/s)' : ''}`,
    isTrained ? '' : `${duration(features)} for their features, ${duration(training)} of training at most`,
    isScored ? '' : `${duration(evaluation)} for the test`,
  ].filter((part) => part !== '');
  if (parts.length === 0) return 'nothing is left to do';
  return `about ${parts.join(', ')}; this and the rest is estimated, for two cores`;
}

/** Bytes that will be written to a folder. */
interface Need {
  readonly folder: string;
  readonly bytes: number;
}

/**
 * Checks that there is room on the disks that the folders are (or will be) on.
 *
 * @param freeBytes what is free where a folder is, and a name for its disk
 * @throws {UserError} when it isn't enough
 */
export async function checkDisk(needs: readonly Need[], freeBytes = diskOf): Promise<void> {
  const disks = new Map<unknown, { folders: string[]; bytes: number; free: number }>();
  for (const { folder, bytes } of needs) {
    const { disk, free } = await freeBytes(await existing(folder));
    const same = disks.get(disk) ?? { folders: [], bytes: 0, free };
    disks.set(disk, { folders: [...same.folders, folder], bytes: same.bytes + bytes, free });
  }
  for (const { folders, bytes, free } of disks.values()) {
    if (bytes <= free) continue;
    throw new UserError(
      `expected ${fileSize(bytes)} free on the disk of ${folders.join(' and ')} but got ${fileSize(free)}`,
      { hint: 'make room, name folders on another disk with --work and --out, or take fewer images' },
    );
  }
}

async function diskOf(folder: string): Promise<{ disk: unknown; free: number }> {
  const { bavail, bsize } = await statfs(folder);
  return { disk: (await stat(folder)).dev, free: bavail * bsize };
}

/** The folder, or the nearest above it that exists. */
async function existing(folder: string): Promise<string> {
  const path = resolve(folder);
  const parent = dirname(path);
  const found = await stat(path).catch(() => undefined);
  return found || parent === path ? path : existing(parent);
}
