/** More fields than any form of a person or a provider has; a body of separators alone would hold millions. */
const MAX_FORM_FIELDS = 10_000;

const decoder = new TextDecoder('utf-8', {fatal: true, ignoreBOM: false});

/**
 * What the bytes of a value say, by their media type: JSON for `application/json`, `+json` or none; an object of its
 * fields for a form, with an array where a field is repeated; a string for text in UTF-8; else the bytes themselves.
 * @throws when the bytes are not what their type says
 */
export function parseValue(contentType: string | null | undefined, bytes: Uint8Array): unknown {
  const type = mediaTypeOf(contentType ?? '');
  if (type === '' || isJsonType(type)) return JSON.parse(decoder.decode(bytes));
  if (type === FORM_TYPE) return formFields(decoder.decode(bytes));
  if (type.startsWith('text/') && isUtf8(contentType!)) return decoder.decode(bytes);
  return bytes;
}

/** https://url.spec.whatwg.org/#application/x-www-form-urlencoded */
export const FORM_TYPE = 'application/x-www-form-urlencoded';

/** Without parameters, in lower case. */
export function mediaTypeOf(contentType: string): string {
  const semicolon = contentType.indexOf(';');
  return (semicolon < 0 ? contentType : contentType.slice(0, semicolon)).trim().toLowerCase();
}

/** RFC 6839 §3.1: any `+json` type is JSON. */
export function isJsonType(mediaType: string): boolean {
  return mediaType === 'application/json' || mediaType.endsWith('+json');
}

function isUtf8(contentType: string): boolean {
  const charset = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(contentType)?.[1];
  return charset === undefined || /^(?:utf-?8|us-ascii)$/i.test(charset);
}

/** Without a prototype, so that no field's name means anything but itself. */
function formFields(text: string): Readonly<Record<string, string | readonly string[]>> {
  const fields = Object.create(null) as Record<string, string | string[]>;
  let taken = 0;
  for (const [name, value] of new URLSearchParams(text)) {
    taken += 1;
    if (taken > MAX_FORM_FIELDS) throw new Error(`a form has at most ${MAX_FORM_FIELDS} fields`);
    const before = fields[name];
    if (before === undefined) fields[name] = value;
    else if (typeof before === 'string') fields[name] = [before, value];
    else before.push(value);
  }
  return fields;
}
