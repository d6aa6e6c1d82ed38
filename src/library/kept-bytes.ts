import { PassThrough, type Readable } from 'node:stream';

/** More than the disk is behind the network at any time, as a rule. */
const BUFFER = 1 << 20;

/**
 * The bytes of a stream: all that came before an error, and then the error. (A stream by itself drops what nobody
 * has read yet, which over a bad connection is all that came through.) Is to be called as soon as there is a stream.
 */
export function keptBytes(stream: Readable): AsyncIterable<Uint8Array> {
  const kept = new PassThrough({ highWaterMark: BUFFER });
  let failure: unknown;
  stream.on('data', (chunk: Uint8Array) => {
    if (!kept.write(chunk)) stream.pause();
  });
  kept.on('drain', () => stream.resume());
  stream.on('end', () => kept.end());
  stream.on('error', (error) => {
    failure = error;
    kept.end();
  });
  return (async function* () {
    yield* kept as AsyncIterable<Uint8Array>;
    if (failure !== undefined) throw failure;
  })();
}
