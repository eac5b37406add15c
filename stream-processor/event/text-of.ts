/** UTF-8 bytes as text, without a copy of them: cheaper than a TextDecoder for the short texts of a record. */
export function textOf(bytes: Uint8Array): string {
  // What a client hands over mostly is one already.
  if (bytes instanceof Buffer) return bytes.toString();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
}
