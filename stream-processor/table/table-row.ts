/**
 * A row of a table, or that it was deleted. It is kept as JSON text, so that it is the same after a restart, and parsed when
 * it is first asked for.
 *
 *   row := f64 timeMs · json          no json: deleted at that time
 *
 * The number is big-endian, the text UTF-8.
 */
import type {ValueCodec} from '../state/state-store.ts';

const TIME_BYTES = 8;

export class TableRow {
  readonly timeMs: number;
  readonly json: string | null;
  #row: unknown;

  constructor(timeMs: number, json: string | null) {
    this.timeMs = timeMs;
    this.json = json;
  }

  /** `undefined` of a deleted one. */
  get row(): unknown {
    return this.json === null ? undefined : (this.#row ??= JSON.parse(this.json));
  }
}

export const tableRowCodec: ValueCodec<TableRow> = {
  encode({timeMs, json}) {
    const text = json ?? '';
    const bytes = Buffer.allocUnsafe(TIME_BYTES + Buffer.byteLength(text));
    bytes.writeDoubleBE(timeMs);
    bytes.write(text, TIME_BYTES);
    return bytes;
  },

  decode(value) {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    const json = bytes.length === TIME_BYTES ? null : bytes.toString('utf8', TIME_BYTES);
    return new TableRow(bytes.readDoubleBE(), json);
  },
};
