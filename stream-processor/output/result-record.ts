import {utf8} from '../../src/lib/bytes.ts';
import type {KafkaHeader} from '../../src/kafka/ports.ts';
import type {RowIdentity} from '../../src/protocol/query.ts';

export const FINAL_HEADER = 'forebay_final';
export const LATE_REASON_HEADER = 'forebay_late_reason';

/** Headers of a result record: whether the window is closed. */
export const FINAL: readonly KafkaHeader[] = [[FINAL_HEADER, utf8('true')]];
export const NOT_FINAL: readonly KafkaHeader[] = [[FINAL_HEADER, utf8('false')]];

/** Key of a result record: JSON `{"key","start","end"}`, in this order, so that equal windows have equal bytes. */
export function resultKey({key, start, end}: RowIdentity): Buffer {
  return Buffer.from(JSON.stringify({key, start, end}));
}

export function isFinal(headers: readonly KafkaHeader[]): boolean {
  return headers.some(([name, value]) => name === FINAL_HEADER && value[0] === FINAL[0]![1][0]);
}
