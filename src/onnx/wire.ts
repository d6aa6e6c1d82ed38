import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/**
 * The fields of a protobuf message that have a length (messages, texts, bytes), in their order. The bytes are
 * views of the message: half a gigabyte of weights is neither copied nor parsed.
 * @throws RangeError or Error where the bytes are no protobuf
 */
export function* fields(message: Uint8Array): Generator<readonly [number: number, bytes: Uint8Array]> {
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (wireType === WireType.LengthDelimited) yield [number, reader.bytes()];
    else reader.skip(wireType, number);
  }
}

/** A field of a message, to be written piece by piece: its number and length, then the pieces as they are. */
export function field(number: number, pieces: readonly Uint8Array[]): Uint8Array[] {
  const head = new BinaryWriter().tag(number, WireType.LengthDelimited).uint32(totalLength(pieces)).finish();
  return [head, ...pieces];
}

export function totalLength(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}
