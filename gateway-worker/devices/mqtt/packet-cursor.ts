import {MqttError} from './mqtt-error.ts';
import {MALFORMED_PACKET} from './reason-codes.ts';

// MQTT 5 §1.5.4: ill-formed UTF-8 and U+0000 make a packet malformed; a byte order mark is a character like others.
const decoder = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true});

/** Reads the fields of one packet; beyond its end there is nothing. */
export class PacketCursor {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.byteLength - this.#at;
  }

  u8(): number {
    return this.take(1)[0]!;
  }

  u16(): number {
    const [high, low] = this.take(2);
    return high! * 0x100 + low!;
  }

  u32(): number {
    return this.u16() * 0x1_0000 + this.u16();
  }

  /** §1.5.5: one to four bytes, the lowest first. */
  varint(): number {
    let value = 0;
    for (let scale = 1; scale <= 0x80 ** 3; scale *= 0x80) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw malformed('a length has more than four bytes');
  }

  binary(): Uint8Array {
    return this.take(this.u16());
  }

  text(): string {
    const text = decode(this.binary());
    if (text === null || text.includes('\0'))
      throw malformed('a text is not UTF-8 or has a U+0000');
    return text;
  }

  rest(): Uint8Array {
    return this.take(this.left);
  }

  take(length: number): Uint8Array {
    if (length > this.left) throw malformed('a field reaches beyond its packet');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  end(): void {
    if (this.left > 0) throw malformed('there is more in the packet than its fields');
  }
}

export function malformed(detail: string): MqttError {
  return new MqttError(MALFORMED_PACKET, detail);
}

function decode(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}
