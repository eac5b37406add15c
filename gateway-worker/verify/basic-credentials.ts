import {fromBase64, fromUtf8} from '../../src/lib/bytes.ts';

export interface BasicCredentials {
  readonly user: string;
  /** `null` without a colon, which RFC 7617 asks for and some clients leave out. */
  readonly password: string | null;
}

/** Of `Authorization: Basic …` (RFC 7617), for clients that have user and password only; `null` for anything else. */
export function basicCredentials(headers: Headers): BasicCredentials | null {
  const encoded = /^Basic +(\S+)$/i.exec(headers.get('authorization') ?? '')?.[1];
  const bytes = encoded === undefined ? null : fromBase64(encoded);
  if (bytes === null) return null;
  const text = fromUtf8(bytes);
  const colon = text.indexOf(':');
  return colon < 0
    ? {user: text, password: null}
    : {user: text.slice(0, colon), password: text.slice(colon + 1)};
}
