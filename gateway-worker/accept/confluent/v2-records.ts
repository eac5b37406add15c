/**
 * Records of the REST API v2, Confluent's and Strimzi's.
 * https://docs.confluent.io/platform/current/kafka-rest/api.html · https://strimzi.io/docs/bridge/latest/
 */
import * as z from 'zod';
import {MAX_TIME_MS} from '../../../src/lib/clock.ts';
import {mediaTypeOf} from '../../../src/record/parse-value.ts';
import {Problem} from '../../answer/problem.ts';
import {MAX_REQUEST_EVENTS} from '../../limits.ts';
import {issueOf} from '../../validate/issue.ts';
import {envelopeMembers} from '../envelope-members.ts';
import {elementSlices} from '../json-slices.ts';
import {MAX_HEADERS} from './sent-headers.ts';
import type {DataType, InvalidRecord, JsonPart, RestRecord} from './rest-record.ts';
import {parseObject} from './split-objects.ts';

const TYPES: ReadonlyMap<string, DataType> = new Map([
  ['application/vnd.kafka.json.v2+json', 'JSON'],
  ['application/vnd.kafka.binary.v2+json', 'BINARY'],
]);
export const V2_TYPES = [...TYPES.keys()];

/** @throws Problem `unsupported-media-type` */
export function v2TypeOf(contentType: string | null): DataType {
  const type = TYPES.get(mediaTypeOf(contentType ?? ''));
  if (type !== undefined) return type;
  throw new Problem(
    'unsupported-media-type',
    `Content-Type may be ${V2_TYPES.join(', ')}; there is no schema registry here`,
    {headers: {accept: V2_TYPES.join(', ')}},
  );
}

const Record = z.compile(
  z.object({
    key: z.unknown().optional(),
    value: z.unknown().optional(),
    partition: z.int().min(0).nullish(),
    timestamp: z.int().min(0).max(MAX_TIME_MS).nullish(),
    headers: z
      .array(z.object({key: z.string(), value: z.string().nullish()}))
      .max(MAX_HEADERS)
      .nullish(),
  }),
  {strict: true},
);

export interface V2Options {
  readonly type: DataType;
  /** Of the path; `null` when it names none. */
  readonly partition: number | null;
}

/** @throws Problem when there is no list of records, or it is empty or too long */
export function v2Records(
  body: Uint8Array,
  options: V2Options,
): readonly (RestRecord | InvalidRecord)[] {
  const {bytes, value} = parseObject(body);
  const {records} = value as {readonly records?: unknown};
  if (!Array.isArray(records))
    throw new Problem('invalid-request', '#/records: the records are an array');
  if (records.length === 0) throw new Problem('empty-batch', 'send at least one record');
  if (records.length > MAX_REQUEST_EVENTS)
    throw new Problem('too-many-events', `at most ${MAX_REQUEST_EVENTS} records are taken`);
  const slices = elementSlices(envelopeMembers(bytes).get('records')!);
  return slices.map((slice, index) => v2Record({bytes: slice, value: records[index]}, options));
}

function v2Record(
  {bytes, value}: JsonPart,
  {type, partition}: V2Options,
): RestRecord | InvalidRecord {
  const parsed = Record.safeParse(value);
  if (!parsed.success) return {bytes, issue: issueOf(parsed.error.issues[0]!)};
  const {headers, timestamp, ...sent} = parsed.data;
  const members = envelopeMembers(bytes);
  const dataOf = (name: 'key' | 'value') => {
    const data = sent[name];
    const slice = members.get(name);
    return data === null || data === undefined || slice === undefined
      ? null
      : {type, data, bytes: slice};
  };
  return {
    key: dataOf('key'),
    value: dataOf('value'),
    partition: partition ?? sent.partition ?? null,
    headers: (headers ?? []).map((header) => ({name: header.key, value: header.value ?? ''})),
    timeMs: timestamp ?? null,
  };
}
