import {fromBase64, utf8} from '../../../src/lib/bytes.ts';
import {isJsonObject} from '../../../src/lib/is-json-object.ts';
import {isJsonType, mediaTypeOf} from '../../../src/record/parse-value.ts';
import {issue} from '../../validate/issue.ts';
import type {Issue} from '../../validate/issue.ts';
import {dataOf} from '../data-of.ts';
import {memberNames, memberSlices} from '../json-slices.ts';
import type {EventAttributes, ReceivedEvent} from '../received-event.ts';
import {attributesOf, identityOf, isIssue} from './cloud-event-attributes.ts';
import {memberAttributes} from './member-attributes.ts';

/** What an event that cannot be taken apart is kept as. */
const WHOLE_TYPE = 'application/cloudevents+json';

/**
 * An event in the JSON format (1.0.2 §3), as splitEvents cut it out. The record's value is its data alone: of JSON the
 * very bytes, of `data_base64` what it stands for, of other text the text.
 */
export function structuredEvent(event: ReceivedEvent): ReceivedEvent {
  const {bytes} = event;
  if (event.issue !== null || bytes === null || !isJsonObject(event.value)) {
    const wrong = event.issue ?? issue('not-an-object', 'a CloudEvent is a JSON object');
    return {bytes, issue: wrong, attributes: {contentType: WHOLE_TYPE}};
  }
  const {texts, issue: wrongMember} = memberAttributes(event.value);
  const refuse = (wrong: Issue): ReceivedEvent => ({
    bytes,
    issue: wrong,
    attributes: {...identityOf(texts), contentType: WHOLE_TYPE},
  });
  const repeated = repeatedName(bytes);
  if (repeated !== null) return refuse(repeated);
  const attributes = attributesOf(texts);
  if (isIssue(attributes)) return refuse(wrongMember ?? attributes);
  if (wrongMember !== null) return refuse(wrongMember);
  const data = readData({bytes, value: event.value, attributes});
  return data.issue === null ? {...data, attributes} : refuse(data.issue);
}

interface WholeEvent {
  readonly bytes: Uint8Array;
  readonly value: Readonly<Record<string, unknown>>;
  readonly attributes: EventAttributes;
}

type EventData =
  | {readonly bytes: Uint8Array | null; readonly value: unknown; readonly issue: null}
  | {readonly issue: Issue};

/** §3.1.2 */
function readData({bytes, value, attributes: {contentType}}: WholeEvent): EventData {
  const {data, data_base64: base64} = value;
  const isGiven = Object.hasOwn(value, 'data');
  if (base64 !== undefined && base64 !== null) {
    const decoded = typeof base64 === 'string' ? fromBase64(base64) : null;
    if (isGiven) return dataIssue('send data or data_base64, not both');
    if (decoded === null) return dataIssue('data_base64 is not base64 with padding');
    return withBytes(contentType, decoded);
  }
  if (!isGiven) return {bytes: null, value: undefined, issue: null};
  if (contentType === undefined || isJsonType(mediaTypeOf(contentType)))
    return {bytes: memberSlices(bytes).get('data')!, value: data, issue: null};
  if (typeof data !== 'string' || !data.isWellFormed())
    return dataIssue(`data of the type ${contentType} is a string, or in data_base64`);
  return withBytes(contentType, utf8(data));
}

function withBytes(contentType: string | undefined, bytes: Uint8Array): EventData {
  const read = dataOf(contentType, bytes);
  return read.issue === null ? {bytes, ...read} : read;
}

function dataIssue(wrong: string): {readonly issue: Issue} {
  return {issue: issue('data-invalid', wrong, ['data'])};
}

/** Readers disagree on which of two counts, and attributes decide what a record is. */
function repeatedName(bytes: Uint8Array): Issue | null {
  const seen = new Set<string>();
  for (const name of memberNames(bytes)) {
    if (seen.has(name))
      return issue('duplicate-name', 'a member comes twice; send each once', [name]);
    seen.add(name);
  }
  return null;
}
