import {fromBase64, fromUtf8} from '../../../src/lib/bytes.ts';

/** The password of `Authorization: Basic …` (RFC 7617): an API key, for clients that have user and password only. */
export function basicPassword(headers: Headers): string | null {
  const encoded = /^Basic +(\S+)$/i.exec(headers.get('authorization') ?? '')?.[1];
  const bytes = encoded === undefined ? null : fromBase64(encoded);
  if (bytes === null) return null;
  const text = fromUtf8(bytes);
  const colon = text.indexOf(':');
  return colon < 0 ? null : text.slice(colon + 1);
}
