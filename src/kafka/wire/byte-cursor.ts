/** Reads a record's variable-length fields one after another. The hot loop of reading: no allocation in here. */
export class ByteCursor {
  readonly bytes: Buffer;
  position: number;
  readonly #memory: ArrayBufferLike;
  readonly #start: number;

  constructor(bytes: Buffer, position = 0) {
    this.bytes = bytes;
    this.position = position;
    this.#memory = bytes.buffer;
    this.#start = bytes.byteOffset;
  }

  /** A zigzag varint of up to 64 bits, exact up to 2^53 (timestamps and their differences are far below). */
  readVarint(): number {
    const bytes = this.bytes;
    let position = this.position;
    let byte = bytes[position++] ?? 0;
    let value = byte & 0x7f;
    // The first four bytes fit 32-bit arithmetic; few fields need more.
    for (let shift = 7; byte >= 0x80 && shift < 28; shift += 7) {
      byte = bytes[position++] ?? 0;
      value |= (byte & 0x7f) << shift;
    }
    for (let factor = 2 ** 28; byte >= 0x80; factor *= 128) {
      byte = bytes[position++] ?? 0;
      value += (byte & 0x7f) * factor;
    }
    this.position = position;
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** Bytes with their length in front, as a view; a negative length is null. */
  readBytes(): Uint8Array | null {
    const length = this.readVarint();
    if (length < 0) return null;
    const start = this.position;
    this.position = start + length;
    // Not `bytes.subarray`: a Buffer costs more than twice as much to make as a plain view.
    return new Uint8Array(this.#memory, this.#start + start, length);
  }
}
