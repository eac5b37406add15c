import type {SignatureProof} from '../../src/define/webhook-scheme.ts';
import {concatBytes, hex, utf8} from '../../src/lib/bytes.ts';
import {FORM_TYPE, mediaTypeOf, parseValue} from '../../src/record/parse-value.ts';
import {headerValue} from './header-value.ts';

/** A delivery as it came. */
export interface RawDelivery {
  readonly headers: Headers;
  /** As it was called, with its query. */
  readonly url: string;
  readonly body: Uint8Array;
  readonly receivedMs: number;
}

/**
 * What a provider may have signed of this delivery: one text, or one for each way to write its URL. None when a part is
 * missing or could be read in two ways.
 */
export async function signedContents(
  proof: SignatureProof,
  delivery: RawDelivery,
  timestamp: string | null,
): Promise<readonly Uint8Array[]> {
  let contents: readonly (readonly Uint8Array[])[] = [[]];
  for (const [index, part] of proof.signed.entries()) {
    const found = await partsOf(part, {proof, delivery, timestamp, next: proof.signed[index + 1]});
    contents = contents.flatMap((parts) => found.map((bytes) => [...parts, bytes]));
  }
  return contents.map((parts) => (parts.length === 1 ? parts[0]! : concatBytes(parts)));
}

interface PartContext {
  readonly proof: SignatureProof;
  readonly delivery: RawDelivery;
  readonly timestamp: string | null;
  /** The part that follows. */
  readonly next: SignatureProof['signed'][number] | undefined;
}

/** The bytes a part stands for, or several that it may stand for. */
async function partsOf(
  part: SignatureProof['signed'][number],
  {proof, delivery, timestamp, next}: PartContext,
): Promise<readonly Uint8Array[]> {
  const {headers, body, url} = delivery;
  if (typeof part === 'string') return [utf8(part)];
  if ('header' in part) {
    const value = headerValue(headers, part.header);
    // With the text that ends it inside, the same bytes would be signed for another header and another body.
    if (value === null || value === '' || typeof next !== 'string' || value.includes(next))
      return [];
    return [utf8(value)];
  }
  switch (part.part) {
    case 'body':
      return [body];
    case 'timestamp':
      return timestamp === null ? [] : [utf8(timestamp)];
    case 'url':
      return calledUrls(proof.publicUrl, url).map(utf8);
    case 'form':
      return formContent(delivery);
    default:
      return [];
  }
}

/** The provider's own library tries the URL without a port and with its scheme's. */
function calledUrls(publicUrl: string | undefined, url: string): readonly string[] {
  const called = publicUrl === undefined ? url : publicUrl + queryOf(url);
  const [, scheme, host, port, rest] =
    /^(https?:\/\/)([^/?#]*?)(:\d+)?(?=[/?#]|$)([^#]*)/i.exec(called) ?? [];
  if (scheme === undefined || host === undefined) return [];
  const standard = scheme.toLowerCase() === 'https://' ? ':443' : ':80';
  return [`${scheme}${host}${rest}`, `${scheme}${host}${port ?? standard}${rest}`];
}

function queryOf(url: string): string {
  const start = url.indexOf('?');
  return start < 0 ? '' : url.slice(start);
}

/** Twilio: a URL with `bodySHA256` signs the body by it; else the body is a form, and its fields are signed. */
async function formContent({headers, url, body}: RawDelivery): Promise<readonly Uint8Array[]> {
  const digests = new URLSearchParams(queryOf(url)).getAll('bodySHA256');
  if (digests.length > 0) {
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', body));
    return digests.length === 1 && digests[0] === hex(digest) ? [new Uint8Array(0)] : [];
  }
  if (mediaTypeOf(headers.get('content-type') ?? '') !== FORM_TYPE) return [];
  const fields = formFields(body);
  return fields === null ? [] : [utf8(sortedFields(fields))];
}

type Fields = Readonly<Record<string, string | readonly string[]>>;

function formFields(body: Uint8Array): Fields | null {
  try {
    return parseValue(FORM_TYPE, body) as Fields;
  } catch {
    return null;
  }
}

/** Of a repeated field every different value once. */
function sortedFields(fields: Fields): string {
  return Object.keys(fields)
    .sort()
    .flatMap((name) => [...new Set([fields[name]!].flat())].sort().map((value) => name + value))
    .join('');
}
