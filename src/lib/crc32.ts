/** Reflected, of the polynomial of ISO 3309 (also Ethernet's, gzip's and zlib's). */
const POLYNOMIAL = 0xedb88320;

/** For short texts: a table would cost more than it saves. */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  }
  return ~crc >>> 0;
}
