import {fromBase64, fromUtf8} from '../../../src/lib/bytes.ts';
import {bearerToken} from '../../verify/authenticate.ts';
import {withoutMember} from '../json-slices.ts';
import type {SegmentBody} from './segment-body.ts';

/** The member of a body that is the sender's API key. */
const WRITE_KEY = 'writeKey';

/** The key in `Authorization`: user name of Basic, whose password means nothing, or Bearer; `null` without the header. */
export function headerKey(headers: Headers): string | null {
  const header = headers.get('authorization');
  if (header === null) return null;
  const basic = /^Basic +(\S+)$/i.exec(header)?.[1];
  // What cannot be read is a wrong key, not a missing one.
  if (basic === undefined) return bearerToken(headers) ?? '';
  const [user] = fromUtf8(fromBase64(basic) ?? new Uint8Array()).split(':');
  return user!;
}

export function bodyKey({value}: SegmentBody): string | null {
  const key = Object.hasOwn(value, WRITE_KEY) ? value[WRITE_KEY] : null;
  return typeof key === 'string' ? key : null;
}

/** What may be stored of an event: all but a key it carries. */
export function withoutWriteKey(event: SegmentBody): SegmentBody {
  if (!Object.hasOwn(event.value, WRITE_KEY)) return event;
  const members = Object.entries(event.value).filter(([name]) => name !== WRITE_KEY);
  return {
    bytes: withoutMember(event.bytes, WRITE_KEY),
    value: Object.fromEntries(members),
  };
}
