/**
 * A row of a table. It is kept as JSON text, so that it is the same after a restart, and parsed when it is first asked for.
 *
 *   row := f64 timeMs · json
 *
 * The number is big-endian, the text UTF-8.
 */
import type {ValueCodec} from '../state/state-store.ts';

const TIME_BYTES = 8;

export class TableRow {
  readonly timeMs: number;
  readonly json: string;
  #row: unknown;

  constructor(timeMs: number, json: string) {
    this.timeMs = timeMs;
    this.json = json;
  }

  get row(): unknown {
    return (this.#row ??= JSON.parse(this.json));
  }
}

export const tableRowCodec: ValueCodec<TableRow> = {
  encode({timeMs, json}) {
    const bytes = Buffer.allocUnsafe(TIME_BYTES + Buffer.byteLength(json));
    bytes.writeDoubleBE(timeMs);
    bytes.write(json, TIME_BYTES);
    return bytes;
  },

  decode(value) {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    return new TableRow(bytes.readDoubleBE(), bytes.toString('utf8', TIME_BYTES));
  },
};
