import {utf8} from '../../src/lib/bytes.ts';
import type {KafkaHeader} from '../../src/kafka/ports.ts';
import type {RowIdentity} from '../engine/operator.ts';

const FINAL_HEADER = 'forebay_final';
export const LATE_REASON_HEADER = 'forebay_late_reason';
/** Of windows that overlap: how many did not take the event; the others did. */
export const LATE_WINDOWS_HEADER = 'forebay_late_windows';

/** Headers of a result record: whether the row changes no more. */
export const FINAL: readonly KafkaHeader[] = [[FINAL_HEADER, utf8('true')]];
export const NOT_FINAL: readonly KafkaHeader[] = [[FINAL_HEADER, utf8('false')]];

/**
 * Key of a result record: JSON `{"key","start","end"}`, of running views `{"key"}`, of rows with an id
 * `{"key","start","end","id"}`; in this order, so that equal rows have equal bytes.
 */
export function resultKey(identity: RowIdentity): Buffer {
  return Buffer.from(resultName(identity));
}

/** The same as text: what tells the rows of a view apart. */
export function resultName({key, start, end, id}: RowIdentity): string {
  if (start === null) return JSON.stringify({key});
  return JSON.stringify(id === '' ? {key, start, end} : {key, start, end, id});
}

export function isFinal(headers: readonly KafkaHeader[]): boolean {
  return headers.some(([name, value]) => name === FINAL_HEADER && value[0] === FINAL[0]![1][0]);
}
