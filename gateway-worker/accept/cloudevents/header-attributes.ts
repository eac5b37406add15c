import {issue} from '../../validate/issue.ts';
import type {Issue} from '../../validate/issue.ts';
import {
  attributeIssue,
  CORE_ATTRIBUTES,
  MAX_EXTENSIONS,
  tooManyExtensions,
} from './cloud-event-attributes.ts';
import type {AttributeTexts} from './cloud-event-attributes.ts';

const PREFIX = 'ce-';
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;
/** RFC 9110 §5.6.4 */
const QUOTED = /^"((?:[^"\\]|\\.)*)"$/;

/**
 * The attributes of an event in binary mode (HTTP binding 1.0.2 §3.1), or the first that cannot be decoded. A header that
 * comes twice is one value with a comma, as for all of HTTP (RFC 9110 §5.3).
 */
export function headerAttributes(headers: Headers): AttributeTexts | Issue {
  const texts = new Map<string, string>();
  for (const [header, value] of headers) {
    if (!header.startsWith(PREFIX)) continue;
    const name = header.slice(PREFIX.length);
    if (name === 'datacontenttype')
      return attributeIssue(name, 'is the header Content-Type in binary mode; leave out this one');
    // Before more of them are decoded.
    if (texts.size > CORE_ATTRIBUTES.size + MAX_EXTENSIONS) return tooManyExtensions();
    const text = decodeHeader(value);
    if (text === null) return undecodable(name);
    texts.set(name, text);
  }
  const contentType = headers.get('content-type');
  if (contentType !== null && contentType !== '') texts.set('datacontenttype', contentType);
  return texts;
}

/** §3.1.3.2: one level of quotes, then one round of percent-decoding; `null` when it is not encoded like that. */
export function decodeHeader(value: string): string | null {
  if (!PRINTABLE_ASCII.test(value)) return null;
  const quoted = QUOTED.exec(value);
  if (quoted === null && value.startsWith('"')) return null;
  const text = quoted === null ? value : quoted[1]!.replaceAll(/\\(.)/g, '$1');
  try {
    // Refuses a lone percent sign and what is not UTF-8, overlong forms included.
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

function undecodable(name: string): Issue {
  return issue(
    'attribute-invalid',
    `the header ${PREFIX}${name} is not percent-encoded UTF-8 in printable ASCII`,
    [name],
  );
}
