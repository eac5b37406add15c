import type {OutgoingRecord} from '../src/kafka/ports.ts';
import {utf8} from '../src/lib/bytes.ts';
import type {DeadLetter} from '../src/protocol/dead-letter.ts';
import {DEAD_LETTER_HEADER} from '../src/record/kafka-headers.ts';
import type {Refusal} from './refusal.ts';

export interface DeadLetterOptions extends Refusal {
  readonly topic: string;
  readonly nowMs: number;
}

/**
 * A refused record as a dead letter, in the partition it was for. Its timestamp is now: the one it had may be what was
 * wrong with it, and its received time is in a header.
 */
export function deadLetterRecord(
  record: OutgoingRecord,
  {topic, code, reason, nowMs}: DeadLetterOptions,
): OutgoingRecord {
  const letter: DeadLetter = {code, reason, at: new Date(nowMs).toISOString()};
  return {
    ...record,
    topic,
    headers: [...record.headers, [DEAD_LETTER_HEADER, utf8(JSON.stringify(letter))]],
    timestampMs: nowMs,
  };
}
