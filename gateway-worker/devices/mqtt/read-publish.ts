import {MAX_ID_CHARS} from '../../limits.ts';
import {dataOf} from '../../accept/data-of.ts';
import type {EventAttributes, ReceivedEvent} from '../../accept/received-event.ts';
import {issue} from '../../validate/issue.ts';
import type {Issue} from '../../validate/issue.ts';
import type {PublishPacket} from './read-packet.ts';

const MAX_CONTENT_TYPE_CHARS = 256;
/** The user property by which an MQTT 5 client names an event itself. */
const ID_PROPERTY = 'id';

const decoder = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true});

/** The event in a PUBLISH. `key`: of its topic. */
export function eventOf(publish: PublishPacket, key: string | null): ReceivedEvent {
  const {body, properties} = publish;
  const contentType = properties.texts.get('contentType');
  const id = properties.user.findLast(([name]) => name === ID_PROPERTY)?.[1];
  const attributes: EventAttributes = {
    ...(key === null ? {} : {key}),
    ...(id === undefined || idIssue(id) !== null ? {} : {id}),
    ...(contentType === undefined ? {} : {contentType}),
  };
  const found = issueOf(publish, {id, contentType});
  if (found !== null) return {bytes: body, issue: found};
  const data = dataOf(contentType, body);
  return data.issue === null
    ? {bytes: body, value: data.value, issue: null, attributes}
    : {bytes: body, issue: data.issue, attributes};
}

export function withId(event: ReceivedEvent, id: string): ReceivedEvent {
  return {...event, attributes: {...event.attributes, id}};
}

interface Said {
  readonly id: string | undefined;
  readonly contentType: string | undefined;
}

function issueOf({body, properties}: PublishPacket, {id, contentType}: Said): Issue | null {
  if (contentType !== undefined && contentType.length > MAX_CONTENT_TYPE_CHARS)
    return issue(
      'content-type-invalid',
      `a content type has at most ${MAX_CONTENT_TYPE_CHARS} characters`,
    );
  // MQTT 5 §3.3.2.3.2: 1 says that it is UTF-8.
  if (properties.numbers.get('payloadFormat') === 1 && !isUtf8(body))
    return issue('malformed-utf-8', 'the event is said to be UTF-8 and is not');
  return id === undefined ? null : idIssue(id);
}

function idIssue(id: string): Issue | null {
  if (id !== '' && id.length <= MAX_ID_CHARS) return null;
  return issue('id-invalid', `the user property id has 1 to ${MAX_ID_CHARS} characters`);
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    decoder.decode(bytes);
    return true;
  } catch {
    return false;
  }
}
