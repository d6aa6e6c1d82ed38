import type { UserError } from '../errors.ts';
import { encodeEach } from '../vision/encode-each.ts';
import type { ImageSource } from '../vision/image-bytes.ts';
import type { Captioner } from './captioner.ts';
import type { SearchRequest } from './search-options.ts';
import type { CaptionWriter } from './writers/writer.ts';

/** A photograph to caption: what the user calls it, and where its pixels are. */
export interface Photo {
  readonly path: string;
  readonly source: ImageSource;
}

export interface CaptioningJob {
  readonly captioner: Captioner;
  readonly photos: readonly Photo[];
  readonly writer: Pick<CaptionWriter, 'write'>;
  /** Search settings; what is left out is as the model was chosen with. */
  readonly request: SearchRequest;
  /** Stand before and behind each caption as they are. */
  readonly prefix?: string;
  readonly suffix?: string;
  /** Stops behind the photograph in hand. */
  readonly signal?: AbortSignal;
  /** Called for each photograph when its captions are written. */
  readonly onDone?: (photo: Photo) => void;
  /** Called for each photograph that can't be read. */
  readonly onFailure?: (photo: Photo, error: UserError) => void;
}

/** Photographs whose captions are being written, at most: a disk may take longer for one than the networks do. */
const WRITES = 8;

/**
 * Captions photographs in their order, as a pipeline: while the words of one are looked for in this thread, the
 * networks compute the next ones in theirs, those behind them are decoded, and those before it are written. A
 * photograph's captions don't depend on the others.
 *
 * @throws UserError of the writer, where captions can't be written; those written before are whole
 */
export async function captionPhotos(job: CaptioningJob): Promise<void> {
  const { captioner, photos, writer, request, prefix = '', suffix = '', signal } = job;
  if (signal?.aborted) return;
  const sources = photos.map(({ source }) => source);
  const writes: Promise<void>[] = [];
  try {
    for await (const encoded of encodeEach(captioner.encoder, sources)) {
      const photo = photos[encoded.index]!;
      if ('error' in encoded) {
        job.onFailure?.(photo, encoded.error);
      } else {
        const [found] = await captioner.decoder.caption(encoded.feature, 1, request);
        const captions = found!.map(({ text, logProb }) => ({ text: `${prefix}${text}${suffix}`, logProb }));
        const captioned = { path: photo.path, source: encoded.bytes, captions };
        const write = writer.write(captioned).then(() => job.onDone?.(photo));
        // Looked at below, when its turn has come.
        write.catch(() => {});
        writes.push(write);
        if (writes.length > WRITES) await writes.shift();
      }
      if (signal?.aborted) break;
    }
  } finally {
    await Promise.allSettled(writes);
  }
  await Promise.all(writes);
}
