import { UserError } from '../errors.ts';
import type { Manifest } from '../library/manifest.ts';
import type { ModelFolder } from '../library/model-folder.ts';
import type { SessionOptions } from '../onnx/session.ts';
import { stackRows } from '../stack-rows.ts';
import type { Vocabulary } from '../text/vocabulary.ts';
import { encodeEach } from '../vision/encode-each.ts';
import type { ImageEncoder } from '../vision/encoder.ts';
import { loadEncoderFor } from '../vision/encoder-workers.ts';
import { encoderFiles } from '../vision/encoders.ts';
import type { ImageSource } from '../vision/image-bytes.ts';
import type { Caption } from './caption.ts';
import { EnsembleDecoder } from './ensemble-decoder.ts';
import { ensembleOf, readModels } from './ensemble-models.ts';
import { type DecoderTensors, OnnxDecoder } from './onnx-decoder.ts';
import { perplexity, type SpokenCaption } from './perplexity.ts';
import { search } from './search.ts';
import { type SearchOptions, type SearchRequest, searchOptions } from './search-options.ts';

/** Images decoded at a time, at most, and the rows (images times captions kept in mind) that they may come to. */
const DECODE = 64;
const DECODE_ROWS = 256;

export interface CaptionerOptions extends SessionOptions {
  /**
   * Name of a model that ships, or a model folder ('default'). Several models choose each word together (an
   * ensemble): they need the same words and encoder, and search as the first of them was chosen with.
   */
  readonly model?: string | readonly string[] | undefined;
  /** The model's own encoder, by name; another one is refused. Only useful as a check. */
  readonly encoder?: string | undefined;
  /** The encoder's ONNX file, where it doesn't ship with the model (VGG16). */
  readonly encoderFile?: string | undefined;
  /**
   * About how many images there will be: for more than one (1) the networks run in worker threads, which is
   * faster and keeps this thread free, but takes longer to load.
   */
  readonly images?: number | undefined;
}

/** Turns feature vectors into captions: the half of a captioner that needs no photographs. */
export class FeatureCaptioner {
  private readonly decoder: EnsembleDecoder<DecoderTensors>;

  private constructor(
    /** Of the first model, where there are several. */
    readonly manifest: Manifest,
    readonly vocabulary: Vocabulary,
    private readonly members: readonly OnnxDecoder[],
  ) {
    this.decoder = new EnsembleDecoder(members);
  }

  /** Loads a model, or several that choose each word together; a UserError where they can't. */
  static async load(
    models: ModelFolder | readonly ModelFolder[],
    options: SessionOptions = {},
  ): Promise<FeatureCaptioner> {
    const ensemble = ensembleOf(models);
    const members: OnnxDecoder[] = [];
    try {
      for (const model of ensemble) members.push(await OnnxDecoder.load(model, options));
    } catch (error) {
      await Promise.all(members.map((member) => member.release()));
      throw error;
    }
    const [{ manifest, vocabulary }] = ensemble;
    return new FeatureCaptioner(manifest, vocabulary, members);
  }

  /**
   * Captions of a batch of images, best first: `count` of them an image.
   * @param features [B,F] row-major, from the model's own encoder
   * @param request search settings; what is left out is as the model was chosen with
   */
  async caption(features: Float32Array, images: number, request: SearchRequest = {}): Promise<Caption[][]> {
    const options = modelSearch(this.manifest, request);
    const found = await search(this.decoder, features, images, options);
    return found.map((hypotheses) =>
      hypotheses.map(({ tokens, logProb }) => ({ text: this.vocabulary.decode(tokens), logProb })),
    );
  }

  /**
   * Captions of any number of images, in their order, as they come: best first, `count` of them an image. The
   * images are decoded a few dozen at a time, so memory doesn't grow with their number.
   *
   *     for await (const [best] of captioner.captionAll(features)) console.log(best.text);
   *
   * @param features vectors [F] from the model's own encoder: an array, a generator, ...
   * @param request search settings; what is left out is as the model was chosen with
   */
  async *captionAll(
    features: Iterable<Float32Array> | AsyncIterable<Float32Array>,
    request: SearchRequest = {},
  ): AsyncGenerator<Caption[]> {
    const { beam, count, sample } = modelSearch(this.manifest, request);
    const F = this.manifest.decoder.featureSize;
    const size = Math.max(1, Math.min(DECODE, Math.floor(DECODE_ROWS / (sample ? count : beam))));
    for await (const batch of batches(features, size)) {
      yield* await this.caption(stackRows(batch, F), batch.length, request);
    }
  }

  /** Perplexity of captions that people wrote, each given the feature vector of its image; see `perplexity`. */
  async perplexity(
    captions: readonly { readonly feature: Float32Array; readonly caption: string }[],
  ): Promise<number> {
    const spoken = captions.map(
      ({ feature, caption }): SpokenCaption => ({
        feature,
        words: this.vocabulary.encodeCaption(caption),
      }),
    );
    return perplexity(this.decoder, spoken);
  }

  async release(): Promise<void> {
    await Promise.all(this.members.map((member) => member.release()));
  }
}

/** A request checked and completed with the settings that the model was chosen with; see `searchOptions`. */
export function modelSearch({ decoding }: Manifest, request: SearchRequest): SearchOptions {
  return searchOptions(request, decoding);
}

/**
 * Writes sentences for photographs. Load once, caption many:
 *
 *     const captioner = await Captioner.load();
 *     console.log(await captioner.caption('photo.jpg'));
 *     const ensemble = await Captioner.load({ model: ['runs/seed-1', 'runs/seed-2', 'runs/seed-3'] });
 */
export class Captioner {
  private constructor(
    readonly encoder: ImageEncoder,
    readonly decoder: FeatureCaptioner,
  ) {}

  static async load(options: CaptionerOptions = {}): Promise<Captioner> {
    return Captioner.open(await readModels(options.model), options);
  }

  /** A captioner of a model that was read before, or of several. */
  static async open(
    models: ModelFolder | readonly ModelFolder[],
    options: Omit<CaptionerOptions, 'model'> = {},
  ): Promise<Captioner> {
    const { encoderFile, images = 1 } = options;
    const ensemble = ensembleOf(models);
    const { name, encoder: definition } = ensemble[0].manifest;
    if (options.encoder !== undefined && options.encoder !== definition.name) {
      throw new UserError(
        `expected --encoder to be ${definition.name}, which model ${name} was trained with, but got ${options.encoder}`,
        { hint: 'leave --encoder out, or train a model on the features of the other encoder' },
      );
    }
    const files = encoderFiles(definition, { encoderFile });
    // The decoder's products are small: beside workers it would only take cores from them.
    const threads = images > 1 ? 1 : options.threads;
    const encoder = await loadEncoderFor(images, definition, files, options);
    try {
      return new Captioner(encoder, await FeatureCaptioner.load(ensemble, { ...options, threads }));
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

  /**
   * Captions of any number of images, best first; `count` of them an image. Pixels and feature vectors are
   * held of a few dozen images at a time only. Throws a UserError for the first image that can't be read.
   */
  async captions(images: readonly ImageSource[], request: SearchRequest = {}): Promise<Caption[][]> {
    const captions: Caption[][] = [];
    for await (const ofImage of this.decoder.captionAll(this.features(images), request)) {
      captions.push(ofImage);
    }
    return captions;
  }

  private async *features(images: readonly ImageSource[]): AsyncGenerator<Float32Array> {
    for await (const image of encodeEach(this.encoder, images)) {
      if ('error' in image) throw image.error;
      yield image.feature;
    }
  }

  async release(): Promise<void> {
    await Promise.all([this.encoder.release(), this.decoder.release()]);
  }
}

/** Items in groups of `size`, the last one perhaps smaller. */
async function* batches<Item>(
  items: Iterable<Item> | AsyncIterable<Item>,
  size: number,
): AsyncGenerator<Item[]> {
  let batch: Item[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
