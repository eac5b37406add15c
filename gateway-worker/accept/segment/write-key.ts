import {bearerToken} from '../../verify/authenticate.ts';
import {basicCredentials} from '../../verify/basic-credentials.ts';
import {withoutMember} from '../json-slices.ts';
import type {JsonObject} from '../read-json-object.ts';

/** The member of a body that is the sender's API key. */
const WRITE_KEY = 'writeKey';

/** The key in `Authorization`: user name of Basic, whose password means nothing, or Bearer; `null` without the header. */
export function headerKey(headers: Headers): string | null {
  if (!headers.has('authorization')) return null;
  // What cannot be read is a wrong key, not a missing one.
  return basicCredentials(headers)?.user ?? bearerToken(headers) ?? '';
}

export function bodyKey({value}: JsonObject): string | null {
  const key = Object.hasOwn(value, WRITE_KEY) ? value[WRITE_KEY] : null;
  return typeof key === 'string' ? key : null;
}

/** What may be stored of an event: all but a key it carries. */
export function withoutWriteKey(event: JsonObject): JsonObject {
  if (!Object.hasOwn(event.value, WRITE_KEY)) return event;
  const members = Object.entries(event.value).filter(([name]) => name !== WRITE_KEY);
  return {
    bytes: withoutMember(event.bytes, WRITE_KEY),
    value: Object.fromEntries(members),
  };
}
