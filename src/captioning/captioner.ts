import { UserError } from '../errors.ts';
import type { Manifest } from '../library/manifest.ts';
import { findModel, type ModelFolder, readModel } from '../library/model-folder.ts';
import type { SessionOptions } from '../onnx/session.ts';
import { tokenize } from '../text/tokenizer.ts';
import type { Vocabulary } from '../text/vocabulary.ts';
import { Encoder } from '../vision/encoder.ts';
import { encoderFiles } from '../vision/encoders.ts';
import type { ImageSource } from '../vision/pixels.ts';
import { OnnxDecoder } from './onnx-decoder.ts';
import { perplexity, type SpokenCaption } from './perplexity.ts';
import { search } from './search.ts';
import { type SearchOptions, type SearchRequest, searchOptions } from './search-options.ts';

/** A sentence for an image. */
export interface Caption {
  readonly text: string;
  /** log P(caption | image), natural logarithm. */
  readonly logProb: number;
}

export interface CaptionerOptions extends SessionOptions {
  /** Name of a model that ships, or a model folder ('default'). */
  readonly model?: string | undefined;
  /** The model's own encoder, by name; another one is refused. Only useful as a check. */
  readonly encoder?: string | undefined;
  /** The encoder's ONNX file, where it doesn't ship with the model (VGG16). */
  readonly encoderFile?: string | undefined;
}

/** Turns feature vectors into captions: the half of a captioner that needs no photographs. */
export class FeatureCaptioner {
  private constructor(
    readonly manifest: Manifest,
    readonly vocabulary: Vocabulary,
    private readonly decoder: OnnxDecoder,
  ) {}

  static async load(model: ModelFolder, options: SessionOptions = {}): Promise<FeatureCaptioner> {
    const { manifest, vocabulary } = model;
    const decoder = await OnnxDecoder.load(model, vocabulary.size, options);
    return new FeatureCaptioner(manifest, vocabulary, decoder);
  }

  /**
   * Captions of a batch of images, best first: `count` of them an image.
   * @param features [B,F] row-major, from the model's own encoder
   * @param request search settings; what is left out is as the model was chosen with
   * @param keys see `search`
   */
  async caption(
    features: Float32Array,
    images: number,
    request: SearchRequest = {},
    keys?: readonly number[],
  ): Promise<Caption[][]> {
    const options = modelSearch(this.manifest, request);
    const found = await search(this.decoder, features, images, options, keys);
    return found.map((hypotheses) =>
      hypotheses.map(({ tokens, logProb }) => ({ text: this.vocabulary.decode(tokens), logProb })),
    );
  }

  /** Perplexity of captions that people wrote, each given the feature vector of its image; see `perplexity`. */
  async perplexity(
    captions: readonly { readonly feature: Float32Array; readonly caption: string }[],
  ): Promise<number> {
    const spoken = captions.map(
      ({ feature, caption }): SpokenCaption => ({
        feature,
        words: this.vocabulary.encode(tokenize(caption)),
      }),
    );
    return perplexity(this.decoder, spoken);
  }

  async release(): Promise<void> {
    await this.decoder.release();
  }
}

/**
 * A request checked and completed with the settings that the model was chosen with; a larger `count` or
 * `minLength` widens those.
 */
export function modelSearch({ decoding }: Manifest, request: SearchRequest): SearchOptions {
  const { beam, minLength, maxLength, lengthPenalty } = decoding;
  return searchOptions({
    ...request,
    beam: request.beam ?? Math.max(beam, Number(request.count ?? 1) || 1),
    minLength: request.minLength ?? Math.min(minLength, Number(request.maxLength ?? maxLength) || minLength),
    maxLength: request.maxLength ?? Math.max(maxLength, Number(request.minLength ?? 0) || 0),
    lengthPenalty: request.lengthPenalty ?? lengthPenalty,
  });
}

/**
 * Writes sentences for photographs. Load once, caption many:
 *
 *     const captioner = await Captioner.load();
 *     console.log(await captioner.caption('photo.jpg'));
 */
export class Captioner {
  private constructor(
    readonly encoder: Encoder,
    readonly decoder: FeatureCaptioner,
  ) {}

  static async load(options: CaptionerOptions = {}): Promise<Captioner> {
    return Captioner.open(await readModel(await findModel(options.model ?? 'default')), options);
  }

  /** A captioner of a model that was read before. */
  static async open(model: ModelFolder, options: Omit<CaptionerOptions, 'model'> = {}): Promise<Captioner> {
    const { encoderFile } = options;
    const definition = model.manifest.encoder;
    if (options.encoder !== undefined && options.encoder !== definition.name) {
      throw new UserError(
        `expected --encoder to be ${definition.name}, which model ${model.manifest.name} was trained with, but got ${options.encoder}`,
        { hint: 'leave --encoder out, or train a model on the features of the other encoder' },
      );
    }
    const encoder = await Encoder.load(definition, encoderFiles(definition, { encoderFile }), options);
    try {
      return new Captioner(encoder, await FeatureCaptioner.load(model, options));
    } catch (error) {
      await encoder.release();
      throw error;
    }
  }

  /** The best caption of an image: a path, or the bytes of an image file. */
  async caption(image: ImageSource, request: SearchRequest = {}): Promise<string> {
    const [captions] = await this.captions([image], request);
    const best = captions?.[0];
    if (best === undefined) throw new UserError('the model gave no caption');
    return best.text;
  }

  /** Several captions of several images, decoded as one batch; best first. */
  async captions(images: readonly ImageSource[], request: SearchRequest = {}): Promise<Caption[][]> {
    return this.decoder.caption(await this.encoder.encode(images), images.length, request);
  }

  async release(): Promise<void> {
    await Promise.all([this.encoder.release(), this.decoder.release()]);
  }
}
