import type {IncomingRecord} from '../../src/kafka/ports.ts';
import {utf8} from '../../src/lib/bytes.ts';
import {
  CONTENT_TYPE_HEADER,
  INCARNATION_HEADER,
  PREVIOUS_SEQ_HEADER,
  SEQ_HEADER,
  SHARD_HEADER,
  TIME_HEADER,
} from '../../src/record/kafka-headers.ts';
import {textOf} from './text-of.ts';

/** What the processor reads of a record's headers; undefined where a record has none, as any producer's may. */
export interface RecordMarks {
  readonly shard: string | undefined;
  readonly incarnation: string | undefined;
  readonly seq: number | undefined;
  /** Of the record before it in the topic, where that is not the seq before. */
  readonly previousSeq?: number | undefined;
  /** RFC 3339 */
  readonly time: string | undefined;
  /** Undefined also where it is plain JSON. */
  readonly mediaType?: string | undefined;
}

const NO_MARKS: RecordMarks = {
  shard: undefined,
  incarnation: undefined,
  seq: undefined,
  previousSeq: undefined,
  time: undefined,
  mediaType: undefined,
};

export function marksOf({headers}: IncomingRecord): RecordMarks {
  if (headers.length === 0) return NO_MARKS;
  let shard: string | undefined;
  let incarnation: string | undefined;
  let seq: number | undefined;
  let previousSeq: number | undefined;
  let time: string | undefined;
  let mediaType: string | undefined;
  for (const [name, value] of headers) {
    if (name === SHARD_HEADER) shard = textOf(value);
    else if (name === INCARNATION_HEADER) incarnation = textOf(value);
    else if (name === SEQ_HEADER) seq = Number(textOf(value));
    else if (name === PREVIOUS_SEQ_HEADER) previousSeq = Number(textOf(value));
    else if (name === TIME_HEADER) time = textOf(value);
    else if (name === CONTENT_TYPE_HEADER && !isPlainJson(value)) mediaType = textOf(value);
  }
  return {shard, incarnation, seq, previousSeq, time, mediaType};
}

const PLAIN_JSON = utf8('application/json');

/** Without making a string of what nearly every record has. */
function isPlainJson(value: Uint8Array): boolean {
  if (value.length !== PLAIN_JSON.length) return false;
  for (let at = 0; at < value.length; at += 1) if (value[at] !== PLAIN_JSON[at]) return false;
  return true;
}
