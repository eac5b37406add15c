/**
 * Records of the REST API v3.
 * https://github.com/confluentinc/kafka-rest/blob/master/api/v3/openapi.yaml (ProduceRequest)
 */
import * as z from 'zod';
import {issue, issueOf} from '../../validate/issue.ts';
import {envelopeMembers} from '../envelope-members.ts';
import {parseTime} from '../parse-time.ts';
import {DATA_TYPES} from './rest-record.ts';
import type {InvalidRecord, JsonPart, RestData, RestRecord} from './rest-record.ts';
import {MAX_HEADERS} from './sent-headers.ts';

const NO_REGISTRY = `there is no schema registry here; the stream has the schema, so send type ${DATA_TYPES.join(', ')}`;
const noSchema = z.never({error: NO_REGISTRY}).optional();

const Data = z
  .object({
    type: z.enum(DATA_TYPES, {error: NO_REGISTRY}),
    data: z.unknown(),
    schema: noSchema,
    schema_id: noSchema,
    schema_version: noSchema,
    subject: noSchema,
    subject_name_strategy: noSchema,
  })
  .nullish();

const Record = z.compile(
  z.object({
    partition_id: z.int().min(0).nullish(),
    headers: z
      .array(z.object({name: z.string(), value: z.string().nullish()}))
      .max(MAX_HEADERS)
      .nullish(),
    key: Data,
    value: Data,
    timestamp: z.string().nullish(),
  }),
  {strict: true},
);

export function v3Record({bytes, value}: JsonPart): RestRecord | InvalidRecord {
  const parsed = Record.safeParse(value);
  if (!parsed.success) return {bytes, issue: issueOf(parsed.error.issues[0]!)};
  const {partition_id: partition, headers, timestamp, ...sent} = parsed.data;
  const timeMs = typeof timestamp === 'string' ? parseTime(timestamp) : null;
  if (timeMs === null && typeof timestamp === 'string')
    return {bytes, issue: issue('event-time-invalid', 'not a time of RFC 3339', ['timestamp'])};
  const members = envelopeMembers(bytes);
  return {
    key: dataOf(sent.key, members.get('key')),
    value: dataOf(sent.value, members.get('value')),
    partition: partition ?? null,
    headers: (headers ?? []).map((header) => ({name: header.name, value: header.value ?? ''})),
    timeMs,
  };
}

/** Data that is missing or `null` is no key, or no value. */
function dataOf(sent: z.output<typeof Data>, bytes: Uint8Array | undefined): RestData | null {
  if (sent === null || sent === undefined || sent.data === null) return null;
  const data = bytes === undefined ? undefined : envelopeMembers(bytes).get('data');
  return data === undefined ? null : {type: sent.type, data: sent.data, bytes: data};
}
