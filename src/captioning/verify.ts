import { UserError } from '../errors.ts';
import { type Catalogue, catalogueEntry } from '../library/catalogue.ts';
import { readModel } from '../library/model-folder.ts';
import type { SessionOptions } from '../onnx/session.ts';
import { UNK, type Vocabulary } from '../text/vocabulary.ts';
import type { EncoderDefinition } from '../vision/definition.ts';
import { Encoder } from '../vision/encoder.ts';
import { encoderFiles } from '../vision/encoders.ts';
import { FeatureCaptioner } from './captioner.ts';

export interface VerifyOptions extends SessionOptions {
  /** The encoder's ONNX file, where it lies in no folder that is searched. */
  readonly encoderFile?: string | undefined;
}

export interface Verification {
  /** What is wrong, a sentence each. */
  readonly problems: readonly string[];
  /** What a model says about the test picture. */
  readonly caption?: string;
}

/** A sun over the sea: any picture will do, but one and the same everywhere. */
const PICTURE = Buffer.from(
  '<svg xmlns="http://www.w3.org/2000/svg" width="400" height="300">' +
    '<rect width="400" height="190" fill="#8fc4f0"/><rect y="190" width="400" height="110" fill="#1f5f8f"/>' +
    '<circle cx="290" cy="80" r="40" fill="#fff2b0"/><path d="M90 190l40-70 40 70z" fill="#f4f4f4"/></svg>',
);

/**
 * Verifies a model folder: hashes, vocabulary and sizes, the interface of its graphs, its encoder's networks, and
 * that it has the same words for the same picture twice.
 */
export async function verifyModel(path: string, options: VerifyOptions = {}): Promise<Verification> {
  const problems: string[] = [];
  const model = await collect(problems, () => readModel(path));
  if (!model) return { problems };
  const { encoder } = model.manifest;
  const feature = await collect(problems, () => featureOf(encoder, options));
  const decoder = await collect(problems, () => FeatureCaptioner.load(model, options));
  try {
    if (!feature || !decoder) return { problems };
    const [first, second] = await Promise.all([captionOf(decoder, feature), captionOf(decoder, feature)]);
    if (first !== second) problems.push(`${path} says "${first}" and "${second}" about one picture`);
    const words = first.split(' ');
    if (!words.every((word) => isWord(word, model.vocabulary))) {
      problems.push(`${path} gives no sentence of its vocabulary for a test picture: "${first}"`);
    }
    return { problems, caption: first };
  } finally {
    await decoder?.release();
  }
}

/** Verifies an encoder: its networks' hashes where they are known, their shape, and what they give for a picture. */
export async function verifyEncoder(
  definition: EncoderDefinition,
  options: VerifyOptions & { readonly catalogue?: Catalogue } = {},
): Promise<Verification> {
  const problems: string[] = [];
  const entry = catalogueEntry(definition.name, options.catalogue);
  // The definition takes any file of the right shape; what lies in the user's folder should be what was pulled.
  const networks = definition.networks.map((network) =>
    entry && options.encoderFile === undefined ? { ...network, sha256: entry.sha256 } : network,
  );
  await collect(problems, () => featureOf({ ...definition, networks }, options));
  return { problems };
}

/** The feature vector [F] of the test picture, if it is one and the same twice. */
async function featureOf(definition: EncoderDefinition, options: VerifyOptions): Promise<Float32Array> {
  const encoder = await Encoder.load(definition, encoderFiles(definition, options), options);
  try {
    const [first, second] = [await encoder.encode([PICTURE]), await encoder.encode([PICTURE])];
    const flaw = !first.every(Number.isFinite)
      ? 'numbers that are not finite'
      : first.every((value) => value === 0)
        ? 'nothing but zeros'
        : first.some((value, i) => value !== second[i])
          ? 'different numbers each time'
          : undefined;
    if (flaw) throw new UserError(`encoder ${definition.name} gives ${flaw} for a test picture`);
    return first;
  } finally {
    await encoder.release();
  }
}

async function captionOf(decoder: FeatureCaptioner, feature: Float32Array): Promise<string> {
  const [captions] = await decoder.caption(feature, 1);
  return captions?.[0]?.text ?? '';
}

function isWord(word: string, vocabulary: Vocabulary): boolean {
  const [id] = vocabulary.encode([word]);
  return id !== undefined && id > UNK;
}

/** The result, or undefined and one problem more. */
async function collect<Result>(
  problems: string[],
  check: () => Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await check();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    problems.push(error.message);
    return undefined;
  }
}
