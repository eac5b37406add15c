/**
 * Events kept for a partner or a pattern. They are kept as JSON text and parsed when a function of the definition is to
 * see them: it sees the same whether the process was started anew in between or not.
 *
 *   list  := event*
 *   event := u32 marks · u32 idBytes · id · u32 jsonBytes · json
 *
 * All numbers are big-endian, all text is UTF-8.
 */
import type {ValueCodec} from '../state/state-store.ts';

export interface HeldEvent {
  readonly id: string;
  /** Flags of whoever keeps it. */
  readonly marks: number;
  readonly json: string;
}

const HEAD_BYTES = 12;

/** @throws TypeError for what JSON has no text for: a bigint, a cycle. */
export function jsonOf(event: unknown): string {
  return JSON.stringify(event) ?? 'null';
}

export const heldEventsCodec: ValueCodec<readonly HeldEvent[]> = {
  encode(events) {
    let length = 0;
    for (const {id, json} of events)
      length += HEAD_BYTES + Buffer.byteLength(id) + Buffer.byteLength(json);
    const bytes = Buffer.allocUnsafe(length);
    let at = 0;
    for (const {id, marks, json} of events) {
      at = bytes.writeUInt32BE(marks, at);
      at = writeText(bytes, at, id);
      at = writeText(bytes, at, json);
    }
    return bytes;
  },

  decode(value) {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    const events: HeldEvent[] = [];
    for (let at = 0; at < bytes.length;) {
      const marks = bytes.readUInt32BE(at);
      const idEnd = at + 8 + bytes.readUInt32BE(at + 4);
      const jsonEnd = idEnd + 4 + bytes.readUInt32BE(idEnd);
      events.push({
        marks,
        id: bytes.toString('utf8', at + 8, idEnd),
        json: bytes.toString('utf8', idEnd + 4, jsonEnd),
      });
      at = jsonEnd;
    }
    return events;
  },
};

/** Returns where it ends. */
function writeText(bytes: Buffer, at: number, text: string): number {
  const length = bytes.write(text, at + 4);
  bytes.writeUInt32BE(length, at);
  return at + 4 + length;
}
