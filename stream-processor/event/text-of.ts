/** UTF-8 bytes as text, without a copy of them: cheaper than a TextDecoder for the short texts of a record. */
export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
}
