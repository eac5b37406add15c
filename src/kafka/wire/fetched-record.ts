import type {IncomingRecord, KafkaHeader} from '../ports.ts';
import {ByteCursor} from './byte-cursor.ts';
import {headerName} from './header-names.ts';

const NO_HEADERS: readonly KafkaHeader[] = [];
const NO_BYTES = new Uint8Array(0);

/**
 * A record as views of the fetch it came in. Headers are the bulk of a record's fields and many readers
 * want none of them, so they are taken apart when they are first asked for.
 */
export class FetchedRecord implements IncomingRecord {
  readonly offset: bigint;
  readonly timestampMs: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly #bytes: Buffer;
  readonly #headersAt: number;
  #headers: readonly KafkaHeader[] | undefined;

  /** `cursor` stands at the key. */
  constructor(offset: bigint, timestampMs: number, cursor: ByteCursor) {
    this.offset = offset;
    this.timestampMs = timestampMs;
    this.key = cursor.readBytes();
    this.value = cursor.readBytes();
    this.#bytes = cursor.bytes;
    this.#headersAt = cursor.position;
  }

  get headers(): readonly KafkaHeader[] {
    this.#headers ??= readHeaders(new ByteCursor(this.#bytes, this.#headersAt));
    return this.#headers;
  }
}

function readHeaders(cursor: ByteCursor): readonly KafkaHeader[] {
  const count = cursor.readVarint();
  if (count === 0) return NO_HEADERS;
  const headers: KafkaHeader[] = [];
  for (let i = 0; i < count; i++) {
    const nameLength = cursor.readVarint();
    const nameEnd = cursor.position + nameLength;
    const name = headerName(cursor.bytes, cursor.position, nameEnd);
    cursor.position = nameEnd;
    headers.push([name, cursor.readBytes() ?? NO_BYTES]);
  }
  return headers;
}
