import {utf8} from '../../src/lib/bytes.ts';

/** In constant time whatever the texts and their lengths are: it is their digests that are compared. */
export async function isSameText(a: string, b: string): Promise<boolean> {
  const [first, second] = await Promise.all([digest(a), digest(b)]);
  return crypto.subtle.timingSafeEqual(first, second);
}

function digest(text: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest('SHA-256', utf8(text));
}
