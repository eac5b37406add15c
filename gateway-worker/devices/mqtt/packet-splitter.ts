/** From frames to packets: "a WebSocket data frame can contain multiple or partial packets" (MQTT 5 §6). */
import {concatBytes} from '../../../src/lib/bytes.ts';
import {MqttError} from './mqtt-error.ts';
import {malformed} from './packet-cursor.ts';
import {PACKET_TOO_LARGE} from './reason-codes.ts';

/** The largest event, its topic and its properties. */
export const MAX_PACKET_BYTES = 1_180_000;
/** Pieces of a packet that are kept apart; joining each with the next would be work without end. */
const MAX_PIECES = 256;

export interface RawPacket {
  readonly type: number;
  readonly flags: number;
  readonly body: Uint8Array;
  /** Of the whole packet, in bytes. */
  readonly size: number;
}

export class PacketSplitter {
  #pieces: Uint8Array[] = [];
  #length = 0;

  /** Of a packet that has begun. */
  get pendingBytes(): number {
    return this.#length;
  }

  /** @throws MqttError when the next packet is too large or its length is none */
  push(frame: Uint8Array): readonly RawPacket[] {
    if (frame.byteLength === 0) return [];
    this.#pieces.push(frame);
    this.#length += frame.byteLength;
    const packets: RawPacket[] = [];
    for (;;) {
      const head = this.#head();
      if (head === null || this.#length < head.end) return packets;
      const bytes = this.#joined();
      packets.push({
        type: bytes[0]! >> 4,
        flags: bytes[0]! & 0x0f,
        body: bytes.subarray(head.start, head.end),
        size: head.end,
      });
      const rest = bytes.subarray(head.end);
      this.#pieces = rest.byteLength === 0 ? [] : [rest];
      this.#length = rest.byteLength;
    }
  }

  /** Where the next packet's body starts and ends; `null` when that is not known yet. §2.1.4 */
  #head(): {readonly start: number; readonly end: number} | null {
    if (this.#pieces.length > MAX_PIECES || (this.#pieces[0]?.byteLength ?? 0) < 5) this.#joined();
    const bytes = this.#pieces[0];
    if (bytes === undefined) return null;
    let length = 0;
    for (let at = 1; at < bytes.byteLength; at += 1) {
      length += (bytes[at]! & 0x7f) * 0x80 ** (at - 1);
      if (bytes[at]! < 0x80) {
        if (at + 1 + length > MAX_PACKET_BYTES)
          throw new MqttError(PACKET_TOO_LARGE, `a packet has at most ${MAX_PACKET_BYTES} bytes`);
        return {start: at + 1, end: at + 1 + length};
      }
      if (at === 4) throw malformed('a length has more than four bytes');
    }
    return null;
  }

  #joined(): Uint8Array {
    if (this.#pieces.length > 1) this.#pieces = [concatBytes(this.#pieces)];
    return this.#pieces[0] ?? new Uint8Array();
  }
}
