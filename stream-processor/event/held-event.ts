/**
 * Events kept for a partner or a pattern. They are kept as JSON text and parsed when a function of the definition is to
 * see them: it sees the same whether the process was started anew in between or not.
 *
 *   list  := event*
 *   event := u32 marks · u32 idBytes · id · u32 jsonBytes · json
 *
 * All numbers are big-endian, all text is UTF-8.
 */
import {ForebayError} from '../../src/lib/errors.ts';
import {isLongerThan, MAX_UNIT_BYTES} from '../../src/lib/utf8-bytes.ts';
import {MAX_VALUE_BYTES} from '../../src/protocol/topics.ts';
import type {ValueCodec} from '../state/state-store.ts';

export interface HeldEvent {
  readonly id: string;
  /** Flags of whoever keeps it. */
  readonly marks: number;
  readonly json: string;
}

const HEAD_BYTES = 12;

/** Of an event's text. A stream takes no larger events, but a short number such as 1e20 can have a long text. */
const MAX_JSON_BYTES = 1_048_576;

/**
 * What is kept of an event, or of a row.
 * @throws TypeError for what JSON has no text for: a bigint, a cycle; ForebayError `EVENT_TOO_LARGE`
 */
export function jsonOf(event: unknown): string {
  const json = JSON.stringify(event) ?? 'null';
  if (isLongerThan(json, MAX_JSON_BYTES)) throw tooLarge('its JSON', MAX_JSON_BYTES);
  return json;
}

/**
 * A list with one event more: it is one record of the changelog.
 * @throws ForebayError `EVENT_TOO_LARGE` if the record would be refused
 */
export function withEvent(list: readonly HeldEvent[], held: HeldEvent): readonly HeldEvent[] {
  const longer = [...list, held];
  const units = longer.reduce((sum, {id, json}) => sum + id.length + json.length, 0);
  // Most lists are far from it, and are not measured.
  if (units * MAX_UNIT_BYTES + longer.length * HEAD_BYTES <= MAX_VALUE_BYTES) return longer;
  if (bytesOf(longer) <= MAX_VALUE_BYTES) return longer;
  throw tooLarge('what is kept of its key and millisecond', MAX_VALUE_BYTES);
}

function bytesOf(events: readonly HeldEvent[]): number {
  return events.reduce(
    (sum, {id, json}) => sum + HEAD_BYTES + Buffer.byteLength(id) + Buffer.byteLength(json),
    0,
  );
}

function tooLarge(what: string, maxBytes: number): ForebayError {
  return new ForebayError({
    code: 'EVENT_TOO_LARGE',
    message: `with the event, ${what} has more than ${maxBytes} bytes`,
    hint: 'map events to what the view needs before it keeps them',
  });
}

export const heldEventsCodec: ValueCodec<readonly HeldEvent[]> = {
  encode(events) {
    const bytes = Buffer.allocUnsafe(bytesOf(events));
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
