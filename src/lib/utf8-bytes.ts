/** Bytes of UTF-8 that a UTF-16 code unit takes at most. */
export const MAX_UNIT_BYTES = 3;

/** UTF-8 bytes of a text in which no surrogate stands alone, as in all JSON. */
export function utf8Bytes(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code >= 0x80) bytes += code < 0x800 || isSurrogate(code) ? 1 : 2;
  }
  return bytes;
}

/** Whether a text has more UTF-8 bytes. Only one that may have is looked at. */
export function isLongerThan(text: string, maxBytes: number): boolean {
  return text.length * MAX_UNIT_BYTES > maxBytes && utf8Bytes(text) > maxBytes;
}

function isSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdfff;
}
