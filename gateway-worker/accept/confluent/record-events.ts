import {utf8} from '../../../src/lib/bytes.ts';
import {partitionOf} from '../../../src/record/shard.ts';
import {checkEvent} from '../../validate/check-event.ts';
import type {CheckedStream} from '../../validate/check-event.ts';
import {issue} from '../../validate/issue.ts';
import type {Issue} from '../../validate/issue.ts';
import type {EventAttributes, ReceivedEvent} from '../received-event.ts';
import {recordKey, recordValue} from './record-data.ts';
import {sentHeaders} from './sent-headers.ts';
import {isInvalid} from './rest-record.ts';
import type {InvalidRecord, RestRecord} from './rest-record.ts';

/** A record as the event it is to a stream. */
export function recordEvent(
  stream: CheckedStream,
  record: RestRecord | InvalidRecord,
): ReceivedEvent {
  if (isInvalid(record)) return record;
  const sent = record.value === null ? NO_VALUE : recordValue(record.value);
  const sentBytes = record.value?.bytes ?? null;
  if ('detail' in sent) return {bytes: sentBytes, issue: sent};
  const {bytes, value, contentType} = sent;
  const attributes = attributesOf(record, contentType);
  if ('detail' in attributes) return {bytes: sentBytes, issue: attributes};
  const event = {bytes, value, issue: null, attributes};
  const misplaced = record.partition === null ? null : misplacedIn(stream, event, record.partition);
  if (misplaced !== null) return {bytes, issue: misplaced, attributes};
  // Events that say nothing of their own share their headers.
  return Object.keys(attributes).length === 0 ? {bytes, value, issue: null} : event;
}

/** To a schema `undefined`, as of every event without data. */
const NO_VALUE = {bytes: null, value: undefined, contentType: undefined};

function attributesOf(
  {key, headers, timeMs}: RestRecord,
  contentType: string | undefined,
): EventAttributes | Issue {
  const keyText = key === null ? undefined : recordKey(key);
  if (typeof keyText === 'object') return keyText;
  const taken = sentHeaders(headers);
  if ('detail' in taken) return taken;
  return {
    ...(contentType === undefined ? {} : {contentType}),
    ...(keyText === undefined ? {} : {key: keyText}),
    ...(timeMs === null ? {} : {timeMs}),
    ...(taken.length === 0 ? {} : {headers: taken}),
  };
}

/** Here keys decide, as order is kept by key: a partition can be named where it is the one anyway. */
function misplacedIn(
  stream: CheckedStream,
  event: Extract<ReceivedEvent, {issue: null}>,
  partition: number,
): Issue | null {
  const {partitions} = stream.definition;
  const checked = checkEvent(stream, event);
  if (checked.issues !== null) return null;
  const right =
    checked.key === null && partitions > 1
      ? null
      : partitionOf(utf8(checked.key ?? ''), partitions);
  if (right === partition) return null;
  return issue(
    'partition-not-yours',
    `the key decides the partition, and it is not ${partition}; leave it out`,
    ['partition_id'],
  );
}
